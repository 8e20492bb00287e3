"""Drawn delays."""

from __future__ import annotations

import random
from statistics import median

import pytest
from bench_daraja import scenario_of
from tayari_simulator.core.behaviour import Delay

HEAD = "scenario: a/b\nabout: x\n"


def delay_of(text: str) -> Delay:
    return scenario_of(f"{HEAD}outcome: {{after_s: {text}}}").behaviour.steps[0].after


def test_a_uniform_delay_stays_between_its_ends() -> None:
    delay, uniform = delay_of("{uniform: [1, 3]}"), random.Random(1).random
    drawn = [delay.draw(uniform) for _ in range(1000)]

    assert 1 <= min(drawn) < 1.1
    assert 2.9 < max(drawn) <= 3


def test_a_log_normal_delay_has_its_median_and_a_long_tail() -> None:
    delay, uniform = delay_of("{lognormal: {median: 2, sigma: 0.8}}"), random.Random(1).random
    drawn = [delay.draw(uniform) for _ in range(2000)]

    assert median(drawn) == pytest.approx(2, rel=0.1)
    assert max(drawn) > 10


@pytest.mark.parametrize("number", [0.0, 1 - 1e-17])
def test_the_edges_of_the_random_source_give_a_finite_delay(number: float) -> None:
    assert 0 < delay_of("{lognormal: {median: 2, sigma: 0.8}}").draw(lambda: number) < 1e6


def test_a_number_is_always_the_same_delay() -> None:
    assert delay_of("0.5").draw(random.Random(1).random) == 0.5
