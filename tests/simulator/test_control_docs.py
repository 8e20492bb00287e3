"""The routes against `docs/control-api.md`."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from tayari_simulator.apis.registry import CALLS
from tayari_simulator.control import events, schemas
from tayari_simulator.control.documents import har
from tayari_simulator.control.documents.openapi import document
from tayari_simulator.control.route_table import ROUTES
from tayari_simulator.strict_reading import keys_of
from tayari_simulator.transport.simulator import CONDITIONS

DOCS = (Path(__file__).parents[2] / "docs/control-api.md").read_text()
ROWS = {
    (method, path): (takes, gives)
    for method, path, takes, gives in re.findall(
        r"^### `(\w+) (/\S*)`\n\n(?:- Takes: (.*?)\n)?- Answer: (.*?)\n\n", DOCS, re.MULTILINE | re.DOTALL
    )
}
BODIES = {
    ("POST", "/v1/scenarios"): schemas.LoadScenario,
    ("PUT", "/v1/scenarios/active"): schemas.Activate,
    ("POST", "/v1/mix"): schemas.Blend,
    ("POST", "/v1/next"): schemas.PlayNext,
    ("POST", "/v1/outage"): schemas.Outage,
    ("PUT", "/v1/wallets/MSISDN"): schemas.Wallet,
    ("PUT", "/v1/handsets/MSISDN"): schemas.HoldHandset,
    ("POST", "/v1/handsets/MSISDN/answer"): schemas.AnswerPrompt,
    ("GET", "/v1/events"): events.EventsWhere,
    ("GET", "/v1/har"): har.HarWhere,
    ("POST", "/v1/c2b"): schemas.PayC2b,
    ("PUT", "/v1/organisations/SHORT_CODE"): schemas.SetOrganisation,
    ("POST", "/v1/clock/advance"): schemas.Advance,
    ("POST", "/v1/wait"): schemas.WaitFor,
    ("POST", "/v1/hakikisha"): schemas.AskAccount,
    ("GET", "/v1/payments"): schemas.PaymentsWhere,
    ("GET", "/v1/journal"): schemas.JournalWhere,
}


OPENAPI = document(ROUTES, url="http://127.0.0.1:9311")


def test_the_openapi_document_is_valid_and_has_every_route() -> None:
    made = document(ROUTES, url="http://127.0.0.1:9311")

    validate(made)
    paths = {(method.upper(), path) for path, row in made["paths"].items() for method in row}
    assert paths == {(row.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", row.path)) for row in ROUTES}


@pytest.mark.parametrize("row", BODIES)
def test_the_openapi_document_describes_each_body(row: tuple[str, str]) -> None:
    method, path = row
    made = {re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), key): value for key, value in OPENAPI["paths"].items()}
    operation = made[path][method.lower()]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = set(body.get("properties", {})) | {
        each["name"] for each in operation["parameters"] if each["in"] == "query"
    }

    assert named == set(keys_of(BODIES[row]))


def test_each_route_has_a_heading_and_each_heading_a_route() -> None:
    routes = {(row.method, re.sub(r"\{(\w+)[^}]*\}", lambda found: found[1].upper(), row.path)) for row in ROUTES}

    assert set(ROWS) == routes


@pytest.mark.parametrize("row", BODIES)
def test_the_text_of_a_route_names_all_keys_of_its_body(row: tuple[str, str]) -> None:
    assert set(keys_of(BODIES[row])) <= set(re.findall(r"`(\w+)", ROWS[row][0]))


def test_the_text_names_all_keys_of_a_sent_callback() -> None:
    named = DOCS.split("**Sending a callback.**")[1]

    assert set(keys_of(schemas.SendCallback)) <= set(re.findall(r"`(\w+)", named))


def test_the_conditions_of_a_wait_are_those_of_the_simulator_and_documented() -> None:
    of_calls = {f"{call}_seen" for call in CALLS}

    assert of_calls <= set(CONDITIONS)
    assert "`NAME_seen`" in DOCS
    assert set(CONDITIONS) - of_calls <= set(re.findall(r"`(\w+)`", DOCS))


def test_only_what_must_be_given_has_no_default() -> None:
    required = {
        kind.__name__: [row.name for row in fields(kind) if row.default is MISSING and row.default_factory is MISSING]
        for kind in BODIES.values()
    }

    assert {name: keys for name, keys in required.items() if keys} == {
        "LoadScenario": ["yaml"],
        "Activate": ["scenario"],
        "Blend": ["mix"],
        "PlayNext": ["scenario"],
        "Outage": ["kind", "for_s"],
        "PayC2b": ["short_code", "msisdn", "amount"],
        "Wallet": ["balance"],
        "AnswerPrompt": ["press"],
        "WaitFor": ["for_"],
        "AskAccount": ["token_url", "url", "key", "secret", "account", "short_code"],
    }
