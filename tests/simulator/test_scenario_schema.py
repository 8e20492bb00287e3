"""The JSON Schema of scenario files: it takes what the reader takes, and refuses what the reader refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tayari_formats.yaml_document import read_document
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.scenario_model import Header, Placing
from tayari_simulator.scenarios.scenario_reader import read_inline
from tayari_simulator.scenarios.scenario_schema import scenario_schema
from tayari_simulator.strict_reading import keys_of

ROOT = Path(__file__).parents[2]
SCHEMA = scenario_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
FAULT_ROWS = SCHEMA["properties"]["faults"]["items"]["anyOf"][1]["properties"]
FILES = sorted((ROOT / "scenarios").rglob("*.yaml"))


def test_the_schema_is_one_and_json_can_hold_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_shipped_scenario_passes_it(file: Path) -> None:
    document, _ = read_document(file.read_text(), file=file.name)

    assert document is not None
    assert [error.message for error in VALIDATOR.iter_errors(document.value)] == []


def test_it_has_every_key_and_every_fault() -> None:
    assert set(SCHEMA["properties"]) == set(keys_of(Header))
    assert set(FAULT_ROWS) == set(FAULTS)
    for name, kind in FAULTS.items():
        assert set(FAULT_ROWS[name]["properties"]) == {*keys_of(kind), *keys_of(Placing)}


@pytest.mark.parametrize(
    "change",
    [
        {"outcom": {}},
        {"magic": 5},
        {"magic": "ten"},
        {"when": {"endpoint": "stk_pusch"}},
        {"when": {"msisdn": "0712345678"}},
        {"outcome": {"after_s": 0}},
        {"outcome": {"after_s": {"uniform": [1]}}},
        {"outcome": {"callback": "yes"}},
        {"query": {"in_flight": "soon"}},
        {"query": {"error": "no_such_error"}},
        {"expect": {"state": "payed"}},
        {"expect": {"rules": ["C3"]}},
        {"faults": [{"dupplicate": {}}]},
        {"faults": [{"duplicate": {"count": 1}}]},
        {"faults": [{"duplicate": {"counts": 2}}]},
        {"faults": [{"duplicate": {}, "drop": {}}]},
        {"faults": [{"duplicate": {"times": 0}}]},
        {"faults": [{"duplicate": {"probability": 2}}]},
        {"faults": {"drop": {}}},
    ],
)
def test_what_the_reader_refuses_it_refuses(change: dict[str, Any]) -> None:
    _, problems = read_inline(change)
    whole = {"scenario": "inline/given", "about": "Given inline.", **change}

    assert problems
    assert not VALIDATOR.is_valid(whole)
