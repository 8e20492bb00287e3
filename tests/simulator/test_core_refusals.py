"""Every refusal has advice, and an answer on the wire is known again for what it is."""

import json
import re
from pathlib import Path

import pytest
from tayari_simulator.catalogue.advice import RETRY
from tayari_simulator.catalogue.errors import ERROR_LIST, ERRORS, REFUSALS, Refusal, recognise
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.catalogue.results import RESULTS

PAYLOADS = Path(__file__).parent / "payloads"


def test_every_refusal_of_the_catalogue_is_listed() -> None:
    names = [*(row.name for row in ERROR_LIST), *GATEWAY_FAULTS, *PAGES]

    assert [row.name for row in REFUSALS] == names


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.name)
def test_advice_is_whole(row: Refusal) -> None:
    assert row.advice.retry in RETRY
    assert bool(row.advice.say_en) == bool(row.advice.say_sw)
    assert len(row.meaning.split()) > 1
    assert row.source


PATIENCE = re.compile(r"wait|minute|tomorrow|later|dakika|kesho|baadaye|subiri", re.IGNORECASE)
AGAIN = re.compile(r"try again|jaribu", re.IGNORECASE)
WORDS = [
    *((str(row.code), row.say_en, row.say_sw, row.retry) for row in RESULTS),
    *((row.name, row.advice.say_en, row.advice.say_sw, row.advice.retry) for row in REFUSALS),
]


@pytest.mark.parametrize(("name", "english", "swahili", "retry"), WORDS, ids=[row[0] for row in WORDS])
def test_what_is_said_and_when_to_try_again_agree(name: str, english: str, swahili: str, retry: str) -> None:
    """No "wait two minutes" beside "now", and no "try again" where another attempt changes nothing."""
    patient = [bool(PATIENCE.search(words)) for words in (english, swahili)]
    again = [bool(AGAIN.search(words)) for words in (english, swahili)]

    assert patient[0] == patient[1], f"{name}: only one language waits"
    assert not (retry == "now" and any(patient))
    assert not (retry in {"after a wait", "tomorrow"} and not all(patient))
    assert not (retry == "no" and any(again))


def test_a_customer_whose_push_or_token_is_refused_gets_a_message() -> None:
    others = ("B2C", "C2B", "pull", "Bill Manager", "reversal", "caller's address", "aggregator")
    silent = [row.name for row in REFUSALS if not row.advice.say_en]

    assert all(any(word in ADVICE_MEANING[name] for word in others) for name in silent), silent


ADVICE_MEANING = {row.name: row.meaning for row in REFUSALS}


def test_no_unknown_outcome_is_called_harmless() -> None:
    unsure = [row for row in REFUSALS if row.advice.retry in {"ask first", "poll"}]

    assert unsure
    assert not [row.name for row in unsure if "othing was taken" in row.advice.say_en]


@pytest.mark.parametrize("row", ERROR_LIST, ids=lambda row: row.name)
def test_an_error_on_the_wire_is_known_again(row: object) -> None:
    spec = next(one for one in ERROR_LIST if one is row)
    met = recognise(spec.status, spec.body(field="TransactionType", method="PUT", token="abc123").decode())

    assert met is not None
    assert met.row is not None
    assert (met.code, met.row.code, met.row.status) == (spec.code, spec.code, spec.status)
    assert met.row.text == (spec.message or "")
    assert "abc123" not in met.text


def test_the_field_that_was_named_is_kept() -> None:
    met = recognise(400, ERRORS["400.002.02.invalid_field"].body(field="TransactionType").decode())

    assert met is not None
    assert met.text == "Bad Request - Invalid TransactionType"


@pytest.mark.parametrize("name", [*GATEWAY_FAULTS, *PAGES])
def test_what_the_gateway_answered_is_known_again(name: str) -> None:
    reply = GATEWAY_FAULTS[name].reply() if name in GATEWAY_FAULTS else PAGES[name].reply()
    met = recognise(reply.status, reply.body.decode())

    assert met is not None
    assert met.row is not None
    assert (met.row.kind, met.row.name) == ("gateway", name)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, '{"errorCode": "500.001.1001"}'), (500, ""), (500, "<html>our own shop</html>"), (404, "[1]"), (500, "{}"),
     (500, '{"fault": "x"}'), (500, '{"Envelope": {"Body": {"Fault": {"detail": "x"}}}}')],
)  # fmt: skip
def test_anything_else_is_no_refusal(status: int, body: str) -> None:
    assert recognise(status, body) is None


def test_a_code_that_is_in_no_row_is_kept_with_its_words() -> None:
    met = recognise(418, json.dumps({"errorCode": "418.1", "errorMessage": "short and stout"}))

    assert met is not None
    assert (met.code, met.text, met.row) == ("418.1", "short and stout", None)
