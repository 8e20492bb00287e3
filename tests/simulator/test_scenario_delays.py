"""Drawn delays."""

from __future__ import annotations

import random
from statistics import median

import pytest
import yaml
from bench_daraja import MSISDN, STARTED_S, Bench, scenario_of
from tayari_simulator.faults.delays import seconds_of
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.scenario_reader import read_scenario
from tayari_simulator.state.behaviour import DelayDistribution
from tayari_simulator.strict_reading import keys_of

HEAD = "scenario: a/b\nabout: x\n"


def delay_of(text: str) -> DelayDistribution:
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


SECONDS = [(name, key) for name, kind in FAULTS.items() for key in seconds_of(kind)]
"""Every parameter of every fault that is a number of seconds."""
REQUIRED = {
    "api_error": {"error": "500.003.02.system_busy"},
    "gateway_fault": {"fault": "spike_arrest"},
}


def test_no_delay_of_a_fault_is_left_out() -> None:
    in_prepare = {("before_ack", "callback_at_s"), ("late_failure", "after_s")}
    named = {(name, key) for name, kind in FAULTS.items() for key in keys_of(kind) if key.endswith("_s")}

    assert named == set(SECONDS) | in_prepare


@pytest.mark.parametrize(("name", "key"), SECONDS)
def test_a_delay_of_a_fault_is_drawn_for_each_call(name: str, key: str) -> None:
    given = {**REQUIRED.get(name, {}), key: {"uniform": [2, 9]}, "times": "always"}
    scenario = scenario_of(HEAD + yaml.safe_dump({"faults": [{name: given}]}))
    uniform = random.Random(1).random
    met = [getattr(armed.met(uniform), key) for armed in scenario.behaviour.armed for _ in range(50)]

    assert 2 <= min(met) < 3
    assert 8 < max(met) <= 9
    assert len(set(met)) == len(met)


def test_drawn_callbacks_come_when_the_seed_says() -> None:
    fault = "delay: {by_s: {lognormal: {median: 4, sigma: 0.7}}, times: always}"
    times = [sent_at(seed, fault) for seed in (1, 1, 2)]

    assert times[0] == times[1] != times[2]
    assert all(at > 1 for at in times[0])


def sent_at(seed: int, fault: str) -> list[float]:
    """When the callbacks of four payments were due, under a fault."""
    bench = Bench(seed=seed)
    bench.selector.load(scenario_of(f"{HEAD}faults: [{{{fault}}}]"))
    bench.selector.activate("a/b")
    for number in range(4):
        bench.push(msisdn=f"25470000000{number}")
    return [delivery.due_s - STARTED_S for delivery in bench.advance(1000)]


@pytest.mark.parametrize("fault", ["late_failure: {after_s: DRAWN}", "before_ack: {callback_at_s: DRAWN}"])
def test_a_fault_that_adds_a_result_draws_its_time_too(fault: str) -> None:
    drawn = fault.replace("DRAWN", "{uniform: [3, 5]}")
    bench = Bench()
    bench.selector.queue(scenario_of(f"{HEAD}faults: [{{{drawn}}}]"), msisdn=MSISDN)
    bench.push()
    last = bench.advance(60)[-1].due_s - STARTED_S

    assert 3 <= last <= 6
    assert last != int(last)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delay: {by_s: {uniform: [5, 1]}}", "expected two numbers of seconds, the smaller first"),
        ("delay: {by_s: {uniform: [-1, 1]}}", "found -1; expected at least 0"),
        ("delay: {by_s: {uniform: [0, 0]}}", "expected two numbers of seconds, the smaller first"),
        ("delay: {by_s: {lognormal: {median: 0, sigma: 1}}}", "found 0; expected a number above 0"),
        ("delay: {by_s: {lognormal: {mean: 1}}}", "unknown key; did you mean median?"),
        ("delay: {by_s: {normal: 1}}", "expected seconds, {uniform: [a, b]} or {lognormal: {median: m, sigma: s}}"),
        ("slow: {first_byte_s: -3}", "found -3; expected a number above 0"),
        ("late_failure: {after_s: {uniform: 3}}", "found 3; expected a list with something in it"),
    ],
)
def test_a_delay_that_is_none_is_refused_at_its_line(text: str, message: str) -> None:
    found, problems = read_scenario(f"{HEAD}faults:\n  - {text}\n", file="a/b.yaml")

    assert found is None
    assert any(message in problem.message and problem.line == 4 for problem in problems), problems


def test_the_extra_delay_of_a_callback_is_drawn_and_may_be_none() -> None:
    drawn = scenario_of(f"{HEAD}outcome: {{callback_after_s: {{uniform: [1, 3]}}}}").behaviour.steps[0].callback_after
    none = scenario_of(f"{HEAD}outcome: {{callback_after_s: 0}}").behaviour.steps[0].callback_after

    assert 1 <= drawn.draw(random.Random(1).random) <= 3
    assert none.draw(random.Random(1).random) == 0
