"""Every row of the table of APIs is whole: payload tests, scenarios, provenance, docs."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_kit import Desk
from shipped_scenarios import DOCUMENTS
from tayari_simulator.apis.registry import CALLS, ENDPOINTS, LIFECYCLES, Endpoint
from tayari_simulator.catalogue.results import RESULTS

ROOT = Path(__file__).parents[2]
PAYLOAD_TESTS = "".join(file.read_text() for file in Path(__file__).parent.glob("test_payloads_*.py"))
KIT = "".join(file.read_text() for file in Path(__file__).parent.glob("*_kit.py"))
PLAYED = {str(row.get("when", {}).get("endpoint", "stk_push")) for row in DOCUMENTS.values()}


def codes_of(call: str) -> set[str]:
    """The result codes that scenarios of this call tell."""
    return {
        str(row.get("outcome", {}).get("result_code", 0))
        for row in DOCUMENTS.values()
        if row.get("when", {}).get("endpoint", "stk_push") == call
    }


def names(rows: tuple[Endpoint, ...]) -> list[str]:
    return [row.name for row in rows]


@pytest.mark.parametrize("row", ENDPOINTS, ids=names(ENDPOINTS))
def test_a_row_has_payload_tests(row: Endpoint) -> None:
    assert f'"{row.path}"' in PAYLOAD_TESTS + KIT


@pytest.mark.parametrize("row", ENDPOINTS, ids=names(ENDPOINTS))
def test_a_row_has_a_scenario(row: Endpoint) -> None:
    assert (row.plays or row.name) in PLAYED
    assert row.plays in ("", *CALLS)


@pytest.mark.parametrize("row", ENDPOINTS, ids=names(ENDPOINTS))
def test_a_row_has_its_place_in_the_docs(row: Endpoint) -> None:
    assert f"`{row.method} {row.path}`: {row.about}" in (ROOT / "docs/provenance.md").read_text()
    assert f"| `{row.method} {row.path}` |" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("call", LIFECYCLES)
def test_every_documented_code_of_a_transaction_has_a_scenario(call: str) -> None:
    api = LIFECYCLES[call].api
    documented = {str(row.code) for row in RESULTS if api in row.apis and row.mark == "documented"}

    assert documented - codes_of(call) <= NOT_ASYNCHRONOUS.get(call, set())


NOT_ASYNCHRONOUS: dict[str, set[str]] = {"ratiba": {"200"}}
"""Codes of an API that no result has, by call; each with its reason."""


@pytest.mark.parametrize("call", LIFECYCLES)
def test_a_transaction_that_nobody_asked_for_has_a_message(call: str) -> None:
    state = Desk().daraja.state
    made = state.lifecycles[call].example(state, "254711000111", 10, "http://127.0.0.1/", 1_791_372_903.2)

    assert made.kind == call
    assert made.msisdn == "254711000111"
