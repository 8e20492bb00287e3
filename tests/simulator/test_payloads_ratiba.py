"""Ratiba as in the example payloads: both requests, acknowledgement, both forms of the callback; and its debits."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from core_kit import Desk, Playing, error_of, payload, wire
from tayari_simulator.apis.core.organisations import C2bUrls
from tayari_simulator.state.behaviour import Behaviour, Delivery, Fixed, Step
from tayari_simulator.state.schedule import NEVER
from test_payloads_stk import RECEIPT

PATH = "/standingorder/v1/createStandingOrderExternal"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
OLD, NEW = "ratiba.request", "ratiba.request.2026"
DAY_S = 86_400.0


def ordered(desk: Desk, name: str = OLD, **changes: Any) -> Any:
    """The acknowledgement of an order like the example."""
    reply = desk.call(PATH, orjson.dumps(payload(name) | changes))
    assert reply.status == 200, reply.body
    return wire(reply.body)


def answer_of(desk: Desk, name: str = OLD, **changes: Any) -> Any:
    """The callback of such an order."""
    ordered(desk, name, **changes)
    (delivery,) = desk.after(20.0)
    return wire(delivery.body)


def values(callback: Any) -> dict[str, str]:
    return {row["name"]: row["value"] for row in callback["responseBody"]["responseData"]}


def debits(deliveries: list[Delivery]) -> list[tuple[str, str]]:
    """Day and account of the C2B confirmations among these."""
    bodies = [wire(row.body) for row in deliveries]
    return [(body["TransTime"][:8], body["BillRefNumber"]) for body in bodies if "TransTime" in body]


def confirming(**options: Any) -> Desk:
    """A simulator whose short code gets C2B confirmations."""
    desk = Desk(**options)
    found = desk.daraja.state.organisations.find("174379")
    assert found is not None
    found.urls = C2bUrls(
        response_type="Completed", confirmation="https://shop.example/c", validation="https://s.example/v"
    )
    return desk


@pytest.mark.parametrize("name", [OLD, NEW])
def test_acknowledgement_is_the_example(name: str) -> None:
    ours, example = ordered(Desk(), name), payload("ratiba.response")

    assert UUID.fullmatch(ours["ResponseHeader"]["responseRefID"])
    ours["ResponseHeader"]["responseRefID"] = example["ResponseHeader"]["responseRefID"]
    assert json.dumps(ours) == json.dumps(example)


def test_success_is_the_example() -> None:
    ours, example = answer_of(Desk()), payload("ratiba.callback.success")

    assert RECEIPT.fullmatch(values(ours)["TransactionID"])
    ours["responseBody"]["responseData"][0] = example["responseBody"]["responseData"][0]
    for key in ("responseRefID", "requestRefID"):
        assert UUID.fullmatch(ours["responseHeader"][key])
        ours["responseHeader"][key] = example["responseHeader"][key]
    assert json.dumps(ours) == json.dumps(example)


def test_failure_is_the_example() -> None:
    steps = (Step(result_code=1037, after=Fixed(5.0)),)
    ours = answer_of(Desk(choose=Playing(Behaviour(name="example", steps=steps), "ratiba")))
    example = payload("ratiba.callback.fail")

    for key in ("responseRefID", "requestRefID"):
        assert UUID.fullmatch(ours["ResponseHeader"][key])
        ours["ResponseHeader"][key] = example["ResponseHeader"][key]
    assert json.dumps(ours) == json.dumps(example)


def test_a_success_of_2026_says_more() -> None:
    shown = values(answer_of(Desk(), NEW))

    assert (shown["standingOrderName"], shown["amount"], shown["status"]) == ("Rent house 12B", "4500", "ACTIVE")
    assert list(shown)[:4] == list(values(payload("ratiba.callback.success")))


@pytest.mark.parametrize(
    ("name", "frequency", "days"),
    [
        (OLD, "1", ["20261101"]),
        (OLD, "4", ["20261101", "20261201", "20270101"]),
        (NEW, "4", ["20261101", "20261115", "20261129", "20261213", "20261227", "20270110"]),
        (NEW, 5, ["20261101", "20261201", "20270101"]),
        (OLD, "3", [f"202611{day:02d}" for day in (1, 8, 15, 22, 29)] + ["20261206"]),
    ],
)
def test_each_debit_is_a_c2b_payment_of_its_own(name: str, frequency: Any, days: list[str]) -> None:
    desk = confirming()
    end = "20261210" if (name, frequency) == (OLD, "3") else "20270115"
    ordered(desk, name, Frequency=frequency, EndDate=end)

    assert debits(desk.after(130 * DAY_S)) == [(day, "HOUSE-12B") for day in days]
    assert sum(desk.daraja.state.ledger.balances().values()) == 0


def test_a_day_that_a_month_has_not_is_its_last_one() -> None:
    desk = confirming()
    ordered(desk, StartDate="20270131", EndDate="20270401")

    assert [day for day, _ in debits(desk.after(200 * DAY_S))] == ["20270131", "20270228", "20270331"]


def test_no_debit_is_on_the_agenda_and_a_reset_forgets_it() -> None:
    desk = confirming()
    ordered(desk)
    desk.after(20)

    assert len(desk.daraja.state.schedule) == 0
    assert desk.daraja.state.schedule.next_s < NEVER
    desk.daraja.forget()
    assert desk.after(100 * DAY_S) == []


def test_a_name_may_be_used_once_by_each_customer() -> None:
    desk = Desk()
    answer_of(desk)

    assert answer_of(desk)["ResponseHeader"]["responseCode"] == "1050"
    assert answer_of(desk, StandingOrderName="Another")["responseHeader"]["responseCode"] == "0"
    assert answer_of(desk, PartyA="254711000111")["responseHeader"]["responseCode"] == "0"


@pytest.mark.parametrize(
    "changes",
    [
        {"EndDate": "20261031"},
        {"StartDate": "20261001"},
        {"ReceiverPartyIdentifierType": "2"},
        {"BusinessShortCode": "99999"},
    ],
)
def test_what_cannot_be_is_a_bad_request(changes: dict[str, Any]) -> None:
    assert answer_of(Desk(), **changes)["ResponseHeader"]["responseCode"] == "1051"


def test_an_open_prompt_locks_the_phone_for_an_order() -> None:
    desk = Desk()
    desk.pushed()
    ordered(desk)

    bodies = [wire(row.body) for row in desk.after(20.0)]
    codes = [body["ResponseHeader"]["responseCode"] for body in bodies if "ResponseHeader" in body]
    assert codes == ["1001"]


def test_an_order_locks_the_phone_for_a_push_until_it_is_answered() -> None:
    desk = Desk()
    ordered(desk)

    assert error_of(desk.push())[1] == "500.001.1001"
    desk.after(20.0)
    assert desk.push().status == 200


@pytest.mark.parametrize(
    ("options", "name", "changes", "field"),
    [
        ({}, OLD, {"Frequency": "9"}, "Frequency"),
        ({}, OLD, {"Frequency": "0"}, "Frequency"),
        ({}, OLD, {"StartDate": "20261301"}, "StartDate"),
        ({"ratiba_generation": "2026-08"}, OLD, {}, "TransactionType"),
        ({"ratiba_generation": "2025-12"}, NEW, {}, "TransactionType"),
        ({"long_reference": "refuse"}, OLD, {"AccountReference": "thirteen-char"}, "AccountReference"),
    ],
)
def test_a_bad_field_is_named(options: dict[str, str], name: str, changes: dict[str, Any], field: str) -> None:
    reply = Desk(options).call(PATH, orjson.dumps(payload(name) | changes))

    assert error_of(reply) == (400, "400.002.02", f"Bad Request - Invalid {field}")
