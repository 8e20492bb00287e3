"""Whatever is given, the readers answer with problems and never with a traceback."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from shipped_scenarios import DOCUMENTS
from tayari_simulator.faults.change import Change
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.lint import sample_message
from tayari_simulator.scenarios.scenario_model import Expect, Header, Placing, Query, ScenarioOutcome, When
from tayari_simulator.scenarios.scenario_reader import read_inline, read_scenario
from tayari_simulator.scenarios.scenario_schema import scenario_schema
from tayari_simulator.strict_reading import keys_of

SCHEMA = Draft202012Validator(scenario_schema())
SUCCESS_BODY = sample_message("stk_push", success=True)

PARAMETERS = sorted({key for kind in FAULTS.values() for key in keys_of(kind)} | set(keys_of(Placing)))
KEYS = sorted({key for kind in (Header, When, ScenarioOutcome, Query, Expect) for key in keys_of(kind)})
WORDS = ["stk_push", "oauth", "callback", "0", "1032", "SFC_IC0003", "always", "paid", "4999", "a/b", "{", "text"]

scalars = (
    st.none() | st.booleans() | st.integers(-5, 300_000) | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS + PARAMETERS) | st.text(max_size=5), inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted(FAULTS)), inner, max_size=2)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), values, max_size=6))
def test_any_data_is_a_scenario_or_has_problems(value: dict[str, object]) -> None:
    scenario, problems = read_inline(value)

    assert (scenario is None) == bool(problems)


@st.composite
def changed_scenarios(draw: st.DrawFn) -> dict[str, object]:
    """A shipped scenario in which one value is another one."""
    value: dict[str, Any] = deepcopy(draw(st.sampled_from(list(DOCUMENTS.values()))))
    del value["scenario"], value["about"]
    inner: Any = value
    while True:
        key = draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], dict | list) or not inner[key] or draw(st.booleans()):
            inner[key] = draw(values)
            return value
        inner = inner[key]


@settings(max_examples=400, deadline=None)
@given(changed_scenarios())
def test_what_the_reader_takes_the_schema_takes(value: dict[str, object]) -> None:
    scenario, _ = read_inline(value)

    if scenario is not None:
        errors = SCHEMA.iter_errors({"scenario": "inline/given", "about": "Given inline.", **value})
        assert [error.message for error in errors] == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!#'\"\n ,|>%@0?", max_size=40))
def test_any_text_is_a_scenario_or_has_problems(text: str) -> None:
    scenario, problems = read_scenario(text, file="f.yaml")

    assert scenario is None
    assert all(problem.line >= 1 and problem.message for problem in problems)
    assert problems


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(alphabet="Body.stkCallback[Amount]0", max_size=20), values, max_size=3))
def test_any_change_is_made_or_refused(changes: dict[str, object]) -> None:
    missed: list[str] = []
    changed = Change(set=changes).apply_where_possible(SUCCESS_BODY, missed)

    assert len(missed) <= len(changes)
    assert orjson.loads(changed)


@pytest.mark.parametrize("value", [[], {}, ["x"], 5, None, True])
def test_a_fault_that_names_a_row_of_a_table_takes_only_a_name(value: object) -> None:
    scenario, problems = read_inline({"endpoint": "stk_query", "faults": [{"api_error": {"error": value}}]})

    assert scenario is None
    assert problems
