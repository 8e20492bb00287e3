"""The table of faults against its documentation and its tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tayari_simulator.apis.registry import CALLS
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.state.behaviour import Call
from tayari_simulator.strict_reading import keys_of

ROOT = Path(__file__).parents[2]
ROWS = dict(
    re.findall(r"^\| `(\w+)` \|([^|]*)\|", (ROOT / "docs/scenarios.md").read_text().split("## Faults")[1], re.M)
)


def test_the_documentation_has_a_row_for_each_fault() -> None:
    assert set(ROWS) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_the_documentation_names_the_parameters_of_each_fault(name: str) -> None:
    documented = {word for word in re.findall(r"`(\w+)`", ROWS[name]) if not word.isupper()}

    assert set(keys_of(FAULTS[name])) <= documented


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_in_a_file_of_its_name_and_says_what_it_does(name: str) -> None:
    kind = FAULTS[name]

    assert kind.__module__.rpartition(".")[2] == name
    assert kind.__doc__ is not None
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_tested_and_can_be_put_somewhere(name: str) -> None:
    tests = (ROOT / "tests/simulator/test_fault_replies.py").read_text()
    tests += (ROOT / "tests/simulator/test_fault_callbacks.py").read_text()

    assert f"def test_{name}" in tests
    assert FAULTS[name].calls <= {*CALLS, *Call.MESSAGES}
    assert FAULTS[name].calls
