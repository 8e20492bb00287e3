"""Every shape, played in small on the simulator and the sample shop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tayari_load
from _pytest.mark import ParameterSet
from tayari_load.shapes import SHAPES, Shape
from tayari_reports.model import Load, State
from tayari_reports.model.codec import from_value
from tayari_reports.model.run_files import read_events
from tayari_target.resources import example_folder

LOCUSTFILE = Path(tayari_load.__file__).with_name("locustfile.py")
RATE, LASTS_S = 4.0, 12.0


def marked(row: Shape) -> ParameterSet:
    """All that trouble Daraja, and one other, are played in every run: without troubles they differ in rates alone."""
    plain = not row.troubles and row.name != "ramp"
    return pytest.param(row, marks=pytest.mark.long if plain else pytest.mark.slow, id=row.name)


@pytest.mark.parametrize("row", [marked(row) for row in SHAPES.values()])
def test_a_shape_is_played_with_its_troubles_and_the_money_holds(tmp_path: Path, row: Shape) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TAYARI_", "DUKA_"))}
    given = {
        "TAYARI_TARGET": str(example_folder() / "tayari.yaml"), "TAYARI_LOAD_SEED": "3",
        "TAYARI_LOAD_OUT": str(tmp_path / "load.json"), "TAYARI_EVENTS": str(tmp_path / "events.jsonl"),
    }  # fmt: skip
    words = [
        "--headless",
        "--rate",
        f"{RATE:g}",
        "--shape",
        row.name,
        "-t",
        f"{LASTS_S:g}s",
        "--exit-code-on-error",
        "0",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *words],
        env={**clean, **given}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    load = from_value(Load, json.loads((tmp_path / "load.json").read_text()))

    assert done.returncode in {0, 11}, done.stderr
    assert (load.shape, load.invalid) == (row.name, ())
    assert all("planned arrivals began" in doubt or "short of CPU" in doubt for doubt in load.doubts)  # a busy machine
    asked = sum(RATE * row.level_at(at / 10, LASTS_S) / 10 for at in range(int(LASTS_S * 10)))
    assert load.planned == pytest.approx(asked, abs=max(3.0, 0.2 * asked))
    assert [what for _, _, what in load.faults] == [str(trouble.trouble) for trouble in row.troubles]
    for (begin, end, _), window in zip(load.faults, row.windows(LASTS_S), strict=True):
        assert (begin, end) == pytest.approx(window, abs=0.2)
    assert load.started == load.settled + load.turned_away + load.stuck
    assert load.stuck <= 1, "a payment that the trouble cut may wait for its status query beyond the end"
    money = [check for check in read_events(tmp_path / "events.jsonl").checks if check.rule.startswith("M")]
    assert {check.state for check in money} == {State.PASS}, [check.reason for check in money]
