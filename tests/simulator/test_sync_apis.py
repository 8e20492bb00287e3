"""The APIs that answer at once: what they remember, and that no body whatever makes them stumble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from core_kit import NOW_S, Desk, Playing, error_of, payload, wire
from shipped_scenarios import DOCUMENTS, FILES
from tayari_simulator.apis.bill_manager import BillBook
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.scenarios.scenario_reader import read_scenarios
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

ROOT = Path(__file__).parents[2]
SYNC = [row for row in ENDPOINTS if row.fields is not None and not row.chooses]


def iot(desk: Desk, called: str, query: str = "", **words: Any) -> Any:
    reply = desk.call(f"/simportal/v1/{called}", orjson.dumps(words), query=query)
    assert reply.status == 200
    return wire(reply.body)["body"]


def test_a_suspended_sim_is_suspended_until_it_is_not() -> None:
    desk = Desk()
    iot(desk, "suspend_unsuspend_sub", msisdn="254711000111", operation="suspend")

    assert iot(desk, "queryLifeCycleStatus", msisdn="254711000111")["status"] == "Suspended"
    assert iot(desk, "getactivationtrends")["suspended"] == 1
    iot(desk, "suspend_unsuspend_sub", msisdn="254711000111", operation="unsuspend")
    assert iot(desk, "queryLifeCycleStatus", msisdn="254711000111")["status"] == "Active"


def test_messages_are_listed_in_pages_and_deleted() -> None:
    desk = Desk()
    ids = [iot(desk, "sendsinglemessage", msisdn="254711000111", message=f"m{n}")["recepitId"] for n in range(5)]
    page = iot(desk, "getallmessages", "?pageNo=2&pageSize=2")["messages"]

    assert [row["message"] for row in page] == ["m2", "m3"]
    iot(desk, "deletemessage", messageId=ids[0])
    assert iot(desk, "searchmessages", searchValue="m")["messages"][0]["message"] == "m1"
    iot(desk, "deleteMessageThread", msisdn="254711000111")
    assert iot(desk, "getallmessages")["messages"] == []


def test_a_reset_forgets_what_an_api_remembers() -> None:
    desk = Desk()
    iot(desk, "renameasset", msisdn="254711000111", assetName="meter")
    assert iot(desk, "querycustomerinfo", msisdn="254711000111")["assetName"] == "meter"
    desk.daraja.forget()
    desk.authorization = f"Bearer {wire(desk.oauth().body)['access_token']}"

    assert iot(desk, "allsims")["sims"] == []


def test_the_fields_of_a_get_are_in_its_query() -> None:
    desk = Desk()
    path = "/v1/dynamic-offers/fetch"

    assert desk.call(path, method="GET", query="?msisdn=254711000111").status == 200
    assert error_of(desk.call(path, method="GET", query="?msisdn=1")) == (
        400,
        "400.002.02",
        "Bad Request - Invalid msisdn",
    )


BILLS = "/v1/billmanager-invoice"
INVOICE = payload("bill_manager.single_invoice.request")


def bill(desk: Desk, path: str, body: Any) -> Any:
    return wire(desk.call(f"{BILLS}/{path}", orjson.dumps(body)).body)


def test_of_a_bulk_cancellation_all_are_cancelled_or_none() -> None:
    desk = Desk()
    bill(desk, "single-invoicing", INVOICE)
    both = [{"externalReference": "INV-00421"}, {"externalReference": "unknown"}]

    assert bill(desk, "cancel-bulk-invoices", both)["rescode"] == "404"
    assert not desk.daraja.state.part(BillBook).invoices["INV-00421"].cancelled
    assert bill(desk, "cancel-bulk-invoices", both[:1])["rescode"] == "200"
    assert desk.daraja.state.part(BillBook).invoices["INV-00421"].cancelled


def test_a_refusal_of_bill_manager_may_have_its_code_as_its_status() -> None:
    desk = Desk({"bill_manager_refusal_status": "as_rescode"})

    assert desk.call(f"{BILLS}/cancel-single-invoice", b'{"externalReference": "unknown"}').status == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "0"}, "Bad Request - Invalid amount"),
        ({"billedPhoneNumber": "12"}, "Bad Request - Invalid billedPhoneNumber"),
        ({"dueDate": "31-10-2026"}, "Bad Request - Invalid dueDate"),
        ({"invoiceItems": [{"itemName": "rent"}]}, "Bad Request - Invalid invoiceItems"),
    ],
)
def test_a_bad_field_of_an_invoice_is_named_in_bill_manager_s_form(change: Any, words: str) -> None:
    for path, body in (("single-invoicing", INVOICE | change), ("bulk-invoicing", [INVOICE, INVOICE | change])):
        refused = bill(Desk(), path, body)

        assert (refused["rescode"], refused["errors"]) == ("400", [words])


@pytest.mark.parametrize("count", [0, 1001])
def test_a_bulk_call_has_1_to_1000_invoices(count: int) -> None:
    desk = Desk()

    assert bill(desk, "bulk-invoicing", [INVOICE] * count)["rescode"] == "400"
    assert desk.note == f"the list has {count} rows; expected 1 to 1000"


def test_items_are_read_in_either_spelling() -> None:
    desk = Desk()
    bill(desk, "single-invoicing", INVOICE | {"invoiceItems": [{"Item": "rent", "Amount": 700}]})

    assert desk.daraja.state.part(BillBook).invoices["INV-00421"].items == (("rent", 700),)


@pytest.mark.parametrize("path", [f"{BILLS}{BILLS}/cancel-bulk-invoice", f"{BILLS}/cancel-bulk-invoice"])
def test_the_paths_of_the_go_live_mail_are_known(path: str) -> None:
    assert Desk().daraja.routes[path].name == "bill_cancel_all"


def test_the_key_of_the_opt_in_is_wanted_where_the_switch_says_so() -> None:
    desk = Desk({"bill_manager_app_key": "require"})
    key = bill(desk, "optin", payload("bill_manager.optin.request"))["app_key"]
    path, body = f"{BILLS}/single-invoicing", orjson.dumps(INVOICE)
    exchange = JournalExchange(
        ExchangeKind.REQUEST, path, "POST", path, ((b"App_Key", key.encode()),), body, NOW_S, NOW_S
    )

    assert error_of(desk.call(path, body))[1] == "401"
    routed = desk.daraja.routes[path]
    assert desk.daraja.answer(routed, exchange, desk.authorization, "application/json").status == 200


def test_an_unknown_short_code_cannot_opt_in() -> None:
    refused = bill(Desk(), "optin", payload("bill_manager.optin.request") | {"shortcode": "999999"})

    assert refused["errors"] == ["Bad Request - Invalid shortcode"]


FAILURES = [
    (name, row["when"]["endpoint"], row["faults"][0])
    for name, row in DOCUMENTS.items()
    if name.startswith(("qr/", "lookup/", "bill/", "iot/", "mobile/"))
]


@pytest.mark.parametrize(("name", "call", "fault"), FAILURES, ids=[row[0] for row in FAILURES])
def test_a_scenario_of_such_an_api_plays_on_every_path_of_it(name: str, call: str, fault: Any) -> None:
    ((scenario,), problems) = read_scenarios([FILES[name]])
    assert not problems
    for row in [row for row in SYNC if call in {row.name, row.plays}]:
        desk = Desk(choose=Playing(scenario.behaviour, call))
        reply = desk.call(row.path, b"[{}]" if row.many else b"{}", method=row.method)
        error = fault.get("api_error", {}).get("error")

        assert desk.notes[-1].scenario == name
        assert reply.status == (ERRORS[error].status if error else fault["empty_body"]["status"])
