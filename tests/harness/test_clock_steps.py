"""Steps of the machine's clock."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mini_target import mini_target
from rich.console import Console
from tayari.run.children import ChildProcess
from tayari.run.compose import ClockSteps, Parts, compose
from tayari.run.load import run_load
from tayari.run.order import LoadOrder, RunOrder
from tayari.run.progress import RunProgress
from tayari.run.suites import SuitesProcess
from tayari_reports.model import Verdict
from tayari_reports.verdict import judge
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment


@dataclass
class Clocks:
    """Two clocks that a test moves."""

    wall: float = 1_800_000_000.0
    steady: float = 50.0

    def pass_s(self, seconds: float, *, step_s: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds + step_s

    def watched(self) -> ClockSteps:
        return ClockSteps(wall=lambda: self.wall, steady=lambda: self.steady)


@pytest.mark.parametrize("step_s", [7199.0, -7199.0, 1.5, -1.5, 0.3, -0.3])
def test_a_step_is_reported_with_its_length(step_s: float) -> None:
    clocks = Clocks()
    steps = clocks.watched()
    clocks.pass_s(10, step_s=step_s)

    assert f"({step_s:+.1f} s)" in steps.problem()


def test_a_step_forth_and_back_is_seen_while_the_run_lasts() -> None:
    clocks = Clocks()
    steps = clocks.watched()
    for step_s in (3600.0, 0.0, -3600.0):
        clocks.pass_s(10, step_s=step_s)
        steps.look()

    assert "(+3600.0 s, -3600.0 s)" in steps.problem()


def test_a_clock_that_is_corrected_smoothly_has_no_step() -> None:
    clocks = Clocks()
    steps = clocks.watched()
    for _ in range(100):
        clocks.pass_s(100, step_s=0.05)  # 500 ppm, the most that a time service does
        steps.look()

    assert steps.problem() == ""


def test_a_small_step_is_seen_after_a_long_time_of_smooth_corrections() -> None:
    clocks = Clocks()
    steps = clocks.watched()
    for _ in range(10_000):
        clocks.pass_s(0.1, step_s=0.00005)
        steps.look()
    clocks.pass_s(0.1, step_s=-0.3)

    assert "(-0.3 s)" in steps.problem()


@pytest.mark.parametrize("held_up_at", [0, 1])
def test_a_process_that_is_held_up_between_the_two_clocks_has_seen_no_step(held_up_at: int) -> None:
    clocks, pauses_s = Clocks(), [0.0, 0.0, 0.0]
    pauses_s[held_up_at] = 30.0

    def read() -> float:
        found = clocks.wall
        clocks.pass_s(pauses_s.pop(0))
        return found

    steps = ClockSteps(wall=read, steady=lambda: clocks.steady)
    steps.look()

    assert steps.problem() == ""


def test_a_run_with_a_step_is_invalid_for_that_reason(tmp_path: Path) -> None:
    clocks = Clocks()
    parts = Parts(began=0.0, clock_steps=clocks.watched())
    clocks.pass_s(10, step_s=7199.0)
    path = mini_target(tmp_path)

    judgement = judge(compose(RunOrder(target=path), TestEnvironment(load_target(path, {})), parts, finished=1.0))

    assert judgement.verdict is Verdict.INVALID_RUN
    assert "The run proves nothing: this machine's clock was set" in judgement.reasons[0].sentence


@pytest.mark.parametrize("part", ["suites", "load"])
def test_the_clock_is_watched_while_a_child_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    class Begun(Exception):
        """The child would run now."""

    def child(*_: object, watch: Callable[[], None], **__: object) -> None:
        watch()
        raise Begun

    monkeypatch.setattr(ChildProcess, "finish", child)
    if part == "load":
        monkeypatch.setattr("tayari.run.load.ChildProcess", lambda *_, **__: SimpleNamespace(finish=child))
    looked: list[bool] = []
    order = RunOrder(target=mini_target(tmp_path), out=tmp_path / "out", load=LoadOrder())
    given: dict[str, Any] = {"progress": RunProgress(Console(file=io.StringIO())), "mask": str}
    with SuitesProcess(order, tmp_path) as suites:
        runs: dict[str, Callable[..., object]] = {
            "suites": partial(suites.run, environment_files=[]),
            "load": partial(run_load, order, (), environment_file=tmp_path / "s", work_dir=tmp_path),
        }
        with pytest.raises(Begun):
            runs[part](**given, watch=lambda: looked.append(True))

    assert looked == [True]
