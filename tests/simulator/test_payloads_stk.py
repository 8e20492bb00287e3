"""The example payloads of STK push, query and OAuth are what the simulator puts on the wire, key order included."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from core_kit import MSISDN, NOW_S, PAYLOADS, Desk, Playing, basic, payload, wire
from tayari_simulator.state.behaviour import Behaviour, Fixed, Step
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

NODE_ID = re.compile(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d{8}")
OLD_ID = re.compile(r"\d{5}-\d{8}-1")
RECEIPT = re.compile(r"[A-Z][A-L][1-9A-V][0-9A-Z]{7}")

FAILURES = [
    ("bad_debt", "E3008", "usual"),
    ("cancelled", 1032, "usual"),
    ("cancelled.2026", 1032, "sandbox-2026"),
    ("expired", 1019, "usual"),
    ("insufficient", 1, "usual"),
    ("operator_missing", "SFC_IC0003", "usual"),
    ("pin_locked", 8006, "usual"),
    ("pin_timeout_1031", 1031, "usual"),
    ("product_assignment", 2028, "usual"),
    ("push_error", 1025, "usual"),
    ("push_error_9999", 9999, "usual"),
    ("rule_limited", 17, "usual"),
    ("smsc_timeout", 1036, "usual"),
    ("subscriber_locked", 1001, "usual"),
    ("timeout", 1037, "sandbox-2026"),
    ("timeout.ds", 1037, "usual"),
    ("timeout.legacy", 1037, "classic-2021"),
    ("unknown_code", 5999, "usual"),
    ("wrong_pin", 2001, "usual"),
]


def callback(code: int | str, options: dict[str, str], **push: Any) -> Any:
    """The callback of the example's push that ends so, 18 seconds later."""
    behaviour = Behaviour(name="example", steps=(Step(result_code=code, after=Fixed(18.0)),))
    desk = Desk(options, choose=Playing(behaviour))
    desk.push(**push)
    return wire(desk.after(20.0)[0].body)


def same_ids(ours: Any, example: Any, pattern: re.Pattern[str] = NODE_ID) -> str:
    """Ours as text, with the example's MerchantRequestID once its form was checked."""
    mine = (ours.get("Body") or {"stkCallback": ours})["stkCallback"]
    theirs = (example.get("Body") or {"stkCallback": example})["stkCallback"]
    assert pattern.fullmatch(mine["MerchantRequestID"]), mine["MerchantRequestID"]
    mine["MerchantRequestID"] = theirs["MerchantRequestID"]
    return json.dumps(ours)


def with_receipt(ours: Any, receipt: str) -> Any:
    items = ours["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    for item in items if isinstance(items, list) else [items]:
        if item["Name"] == "MpesaReceiptNumber":
            assert RECEIPT.fullmatch(item["Value"])
            assert item["Value"][:3] == receipt[:3]
            item["Value"] = receipt
    return ours


def test_every_failure_callback_has_a_case() -> None:
    files = {path.name.split(".fail.")[1][:-5] for path in PAYLOADS.glob("stk_push.callback.fail.*.json")}

    assert files == {name for name, _, _ in FAILURES}


@pytest.mark.parametrize(("name", "code", "wording"), FAILURES)
def test_failure_callback_is_the_example(name: str, code: int | str, wording: str) -> None:
    example = payload(f"stk_push.callback.fail.{name}")

    assert same_ids(callback(code, {"wording": wording}), example) == json.dumps(example)


def test_success_callback_is_the_example() -> None:
    example = payload("stk_push.callback.success")
    ours = with_receipt(callback(0, {}), "UJ7K4T9QWX")

    assert same_ids(ours, example) == json.dumps(example)


def test_success_callback_with_balance_is_the_example() -> None:
    example = payload("stk_push.callback.success.with_balance")["Body"]["stkCallback"]
    switches = {"balance_item": "empty", "callback_amount": "two_decimals", "request_id_style": "classic"}
    ours = callback(0, switches, Amount=350, PhoneNumber=254711000111)["Body"]["stkCallback"]
    of_the_day = {"MpesaReceiptNumber": "SHC7K4T9QW", "TransactionDate": 20240812103801}
    for item in ours["CallbackMetadata"]["Item"]:
        item.update({"Value": of_the_day[item["Name"]]} if item["Name"] in of_the_day else {})

    assert OLD_ID.fullmatch(ours["MerchantRequestID"])
    assert json.dumps(ours["CallbackMetadata"]) == json.dumps(example["CallbackMetadata"])
    assert list(ours) == list(example)


def test_success_callback_with_a_single_item_is_the_example() -> None:
    example = payload("stk_push.callback.success.single_item_object")
    ours = with_receipt(callback(0, {"metadata_form": "single_object"}), "UJ7K4T9QWX")

    assert same_ids(ours, example) == json.dumps(example)


@pytest.mark.parametrize("name", ["stk_push.request", "stk_push.request.strings"])
def test_acknowledgement_of_the_example_request_is_the_example(name: str) -> None:
    desk = Desk()
    reply = desk.push(**payload(name))
    example = payload("stk_push.response")

    assert reply.status == 200
    assert same_ids(wire(reply.body), example) == json.dumps(example)


def test_buy_goods_example_is_accepted_where_its_till_is_known() -> None:
    example = payload("stk_push.request.buy_goods")
    desk = Desk(till=str(example["PartyB"]))
    changes = {key: example[key] for key in ("TransactionType", "Amount", "PartyA", "PartyB", "PhoneNumber")}

    desk.pushed(**changes)

    assert [result["ResultCode"] for result in desk.results()] == [0]


QUERIES = [
    ("bad_debt", "E3008", "usual"),
    ("cancelled", 1032, "sandbox-2026"),
    ("insufficient", 1, "usual"),
    ("success", 0, "usual"),
    ("timeout", 1037, "sandbox-2026"),
]


@pytest.mark.parametrize(("name", "code", "wording"), QUERIES)
def test_query_of_a_finished_payment_is_the_example(name: str, code: int | str, wording: str) -> None:
    behaviour = Behaviour(name="example", steps=(Step(result_code=code, after=Fixed(1.0)),))
    desk = Desk({"wording": wording, "query_description": "successsfully"}, choose=Playing(behaviour))
    identifier = desk.pushed()
    desk.after(2.0)
    example = payload(f"stk_query.response.{name}")

    assert same_ids(wire(desk.query(identifier).body), example) == json.dumps(example)


def test_query_with_the_documentation_s_spelling_is_the_example() -> None:
    desk = Desk({"query_description": "successfully"})
    identifier = desk.pushed()
    desk.after(2.0)
    example = payload("stk_query.response.success.correct_spelling")

    assert same_ids(wire(desk.query(identifier).body), example) == json.dumps(example)


def test_query_in_flight_is_the_example() -> None:
    desk = Desk({"in_flight": "4999", "query_too_early_s": "0", "query_description": "successsfully"})
    identifier = desk.pushed()
    example = payload("stk_query.response.processing_4999")

    assert same_ids(wire(desk.query(identifier).body), example) == json.dumps(example)


@pytest.mark.parametrize(
    ("name", "options", "identifier", "status"),
    [
        ("processing", {"in_flight": "processing", "query_too_early_s": "0"}, "", 500),
        ("unknown_transaction", {}, "ws_CO_071020261435039708374149", 500),
        ("invalid_checkout_request_id", {}, "not an id", 400),
    ],
)
def test_query_refusals_are_the_examples(name: str, options: dict[str, str], identifier: str, status: int) -> None:
    desk = Desk(options)
    pushed = desk.pushed()
    reply = desk.query(identifier or pushed)
    example, ours = payload(f"stk_query.error.{name}"), wire(reply.body)

    assert reply.status == status
    assert NODE_ID.fullmatch(ours["requestId"])
    assert ours | {"requestId": example["requestId"]} == example


@pytest.mark.parametrize(
    ("name", "options"),
    [("oauth.response", {}), ("oauth.response.expires_in_number", {"expires_in_type": "number"})],
)
def test_token_answer_is_the_example(name: str, options: dict[str, str]) -> None:
    ours, example = wire(Desk(options).oauth().body), payload(name)

    assert re.fullmatch(r"[A-Za-z0-9]{28}", ours["access_token"])
    assert json.dumps(ours | {"access_token": example["access_token"]}) == json.dumps(example)


def test_token_refusals_are_the_examples() -> None:
    desk = Desk(key="known", secret="known")
    wrong_type = wire(desk.oauth("Bearer abc").body)
    wrong_grant = wire(desk.oauth(basic(), "?grant_type=password").body)
    wrong_pair = desk.oauth(basic("known", "guessed"))
    empty = payload("oauth.error.wrong_credentials.http")

    assert wrong_type | {"requestId": ""} == payload("oauth.error.invalid_auth_type") | {"requestId": ""}
    assert wrong_grant | {"requestId": ""} == payload("oauth.error.invalid_grant_type") | {"requestId": ""}
    assert (wrong_pair.status, wrong_pair.body.decode()) == (empty["status"], empty["body_text"])


def test_the_examples_moment_and_phone_make_the_example_s_id() -> None:
    exchange = JournalExchange(ExchangeKind.REQUEST, "", "POST", "", (), b"", NOW_S, NOW_S)

    assert Desk().daraja.state.ids.checkout_request_id(exchange.at_s, MSISDN) == "ws_CO_071020261435032708374149"
