"""Pull transactions: the payments of a short code, whatever became of their messages."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from c2b_kit import paid, register
from core_kit import Desk, error_of, payload, request, wire
from tayari_simulator.state.behaviour import Reply

REGISTER = "/pulltransactions/v1/register"
QUERY = "/pulltransactions/v1/query"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FIELDS = ["ShortCode", "StartDate", "EndDate", "OffSetValue"]


def pull(desk: Desk, **changes: Any) -> Reply:
    return desk.call(QUERY, orjson.dumps(request("pull_query.request", changes)))


def rows(desk: Desk, **changes: Any) -> list[dict[str, Any]]:
    """The rows of a query, out of their inner list."""
    (inner,) = wire(pull(desk, **changes).body)["Response"]
    assert isinstance(inner, list)
    return inner


def same(ours: Any, name: str, **drawn: str) -> None:
    example = payload(name)
    assert UUID.fullmatch(ours["ResponseRefID"])
    ours["ResponseRefID"] = example["ResponseRefID"]
    if drawn:
        ours["Response"][0][0] |= drawn
    assert json.dumps(ours) == json.dumps(example)


def test_a_registration_is_the_example_and_a_second_one_says_so() -> None:
    desk = Desk()
    body = orjson.dumps(payload("pull_register.request"))

    same(wire(desk.call(REGISTER, body).body), "pull_register.response")
    assert wire(desk.call(REGISTER, body).body)["ResponseStatus"] == "1001"


def test_the_keys_of_a_registration_can_have_blanks() -> None:
    desk = Desk({"pull_register_keys": "spaced"})
    body = orjson.dumps(payload("pull_register.request"))
    desk.call(REGISTER, body)

    same(wire(desk.call(REGISTER, body).body), "pull_register.response.spaced_keys")


def test_a_payment_is_pulled_as_in_the_example() -> None:
    desk = Desk()
    desk.now_s += 426
    transaction = paid(desk)
    desk.after(2.0)

    assert rows(desk)[0]["transactionId"] == transaction.receipt
    same(wire(pull(desk).body), "pull_query.response", transactionId="UJ7M2P5RTY")


def test_nothing_found_is_an_empty_list_in_a_list() -> None:
    same(wire(pull(Desk()).body), "pull_query.response.empty")


def test_a_payment_is_pulled_where_no_url_is_registered_and_a_failed_one_is_not() -> None:
    desk = Desk()
    desk.daraja.state.ledger.set_wallet("254711000222", 10)
    paid(desk, Msisdn="254711000222")
    second = paid(desk)

    assert desk.after(2.0) == []
    assert [row["transactionId"] for row in rows(desk)] == [second.receipt]


def test_an_stk_payment_is_pulled_under_its_receipt() -> None:
    desk = Desk()
    (callback,) = (desk.pushed(), desk.results(60))[1]
    (row,) = rows(desk, ShortCode="174379")

    receipt = next(item["Value"] for item in callback["CallbackMetadata"]["Item"] if item["Name"][:5] == "Mpesa")
    assert (row["transactionId"], row["msisdn"], row["amount"]) == (receipt, 254708374149, "1.00")
    assert row["billreference"] == payload("stk_push.request")["AccountReference"]


def test_a_pull_leaves_stk_payments_out_where_the_organisation_says_so() -> None:
    desk = Desk()
    desk.daraja.state.organisations.find("174379").lists_pushes = False  # type: ignore[union-attr]
    desk.pushed()
    desk.after(60.0)

    assert rows(desk, ShortCode="174379") == []


def test_offsets_step_through_pages_and_end_with_1001() -> None:
    desk = Desk({"pull_page_size": "2"})
    receipts = []
    for _ in range(5):
        receipts.append(paid(desk).id)
        desk.after(2.0)
    pages = [[row["transactionId"] for row in rows(desk, OffSetValue=str(offset))] for offset in (0, 2, 4, 6)]

    assert pages == [receipts[:2], receipts[2:4], receipts[4:], []]
    assert wire(pull(desk, OffSetValue=6).body)["ResponseCode"] == "1001"


def test_only_the_asked_period_and_only_two_days_are_given() -> None:
    desk = Desk()
    paid(desk)
    desk.after(2.0)
    assert rows(desk, StartDate="2026-10-07 14:36:00") == []
    assert rows(desk, EndDate="2026-10-07 14:35:00") == []
    assert len(rows(desk, EndDate="2026-10-20 00:00:00")) == 1
    desk.after(48 * 3600.0)
    desk.authorization = f"Bearer {wire(desk.oauth().body)['access_token']}"

    assert rows(desk, StartDate="2026-10-01 00:00:00", EndDate="2026-10-20 00:00:00") == []


def test_a_query_by_get_is_answered_too() -> None:
    desk = Desk()
    paid(desk)
    desk.after(2.0)
    query = "?ShortCode=600984&StartDate=2026-10-06%2008:00:00&EndDate=2026-10-07%2016:00:00&OffSetValue=0"

    assert wire(desk.call(QUERY, method="GET", query=query).body)["ResponseCode"] == "1000"


@pytest.mark.parametrize(
    ("field", "value"),
    [("ShortCode", "12"), ("ShortCode", "999999"), ("ShortCode", None), ("StartDate", "2026-13-01 00:00:00"),
     ("EndDate", "20261007160000"), ("EndDate", 5), ("OffSetValue", "-1"), ("OffSetValue", [])],
)  # fmt: skip
def test_bad_fields_are_refused(field: str, value: object) -> None:
    status, code, message = error_of(pull(Desk(), **{field: value}))

    expected = ("400.001", "Invalid ShortCode") if field == "ShortCode" else (
        "400.002.02", f"Bad Request - Invalid {field}"
    )  # fmt: skip
    assert (status, code, message) == (400, *expected)


def test_a_registration_of_an_unknown_short_code_is_refused() -> None:
    body = orjson.dumps(payload("pull_register.request") | {"ShortCode": "123456"})

    assert error_of(Desk().call(REGISTER, body)) == (400, "400.001", "Invalid ShortCode")


def test_a_bad_token_is_refused_in_the_words_of_the_family() -> None:
    reply = Desk().call(QUERY, b"{}", authorization="Bearer " + "x" * 28)

    assert error_of(reply) == (401, "401.001", "Invalid Access Token")


def test_a_reset_forgets_registrations_and_payments() -> None:
    desk = Desk()
    desk.call(REGISTER, orjson.dumps(payload("pull_register.request")))
    register(desk)
    paid(desk)
    desk.after(2.0)
    authorization = desk.authorization
    desk.daraja.forget()
    state = desk.daraja.state
    state.tokens.issue(authorization.split()[1], app="k", expires_s=desk.now_s + 3600, cancel_old=False)

    assert wire(desk.call(REGISTER, orjson.dumps(payload("pull_register.request"))).body)["ResponseStatus"] == "1000"
    assert rows(desk) == []
