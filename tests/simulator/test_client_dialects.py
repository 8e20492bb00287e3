"""What published clients send and the documents do not settle: refused as documented, taken where a switch says so."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from core_kit import OAUTH, PUSH, QUERY, Desk, basic, error_of, request, wire
from initiator_kit import ask
from tayari_simulator.apis.registry import ENDPOINTS

PATHS = {row.name: row.path for row in ENDPOINTS}
REVERSAL = PATHS["reversal"]
QUERY_V2 = "/mpesa/stkpushquery/v2/query"
WITH_AMOUNTS = [
    ("stk_push", "stk_push.request"),
    ("b2c", "b2c_v3.request"),
    ("b2b", "b2b_paybill.request"),
    ("reversal", "reversal.request"),
    ("dynamic_qr", "dynamic_qr.request"),
    ("c2b", "c2b_simulate.request.paybill"),
]


def with_amount(example: str, amount: str) -> bytes:
    """The body of an example with this as its Amount, as it is written."""
    return json.dumps(request(example, {"Amount": "here"})).replace('"here"', amount).encode()


@pytest.mark.parametrize("amount", ["10.0", "1e1", '"10.0"', '"10.00"'])
@pytest.mark.parametrize(("endpoint", "example"), WITH_AMOUNTS)
def test_whole_amounts_with_decimals_are_refused_and_the_reason_names_the_switch(
    endpoint: str, example: str, amount: str
) -> None:
    desk = Desk()
    assert desk.call(PATHS[endpoint], with_amount(example, amount)).status == 400
    assert desk.note.endswith("; whole shillings with decimals of zero, which the option whole_amounts=accept takes")

    assert Desk({"whole_amounts": "accept"}).call(PATHS[endpoint], with_amount(example, amount)).status == 200


@pytest.mark.parametrize("amount", ["10.5", '"10.5"', '"10."', '"10.000"', '"1e1"', "1e400", "0.0", "-10.0", '"x.0"'])
def test_no_switch_takes_other_amounts(amount: str) -> None:
    body = with_amount("stk_push.request", amount)

    for options in ({}, {"whole_amounts": "accept"}):
        assert Desk(options).call(PUSH, body).status == 400


def test_a_whole_amount_is_what_the_customer_pays() -> None:
    desk = Desk({"whole_amounts": "accept"})
    desk.pushed(Amount=10.0)

    (callback,) = desk.results()
    assert callback["CallbackMetadata"]["Item"][0] == {"Name": "Amount", "Value": 10}


@pytest.mark.parametrize("identifier", ["4", 4, "2"])
def test_a_reversal_to_another_type_of_identifier_is_taken_where_that_is_switched(identifier: Any) -> None:
    example = {"RecieverIdentifierType": identifier}

    refused = error_of(ask(Desk(), REVERSAL, "reversal.request", **example))
    assert refused == (400, "400.002.02", "Bad Request - Invalid RecieverIdentifierType")
    assert ask(Desk({"reversal_identifier": "any"}), REVERSAL, "reversal.request", **example).status == 200


def test_a_payout_without_an_id_of_its_own_is_taken_where_that_is_switched() -> None:
    body = orjson.dumps(request("b2c_v3.request", {"OriginatorConversationID": None}))
    desk = Desk({"b2c_own_id": "optional"})

    assert error_of(Desk().call(PATHS["b2c"], body))[2] == "Bad Request - Invalid OriginatorConversationID"
    first, second = (wire(desk.call(PATHS["b2c"], body).body) for _ in range(2))
    assert first["ResponseCode"] == second["ResponseCode"] == "0"
    assert first["OriginatorConversationID"] != second["OriginatorConversationID"]


def test_version_2_of_the_query_is_played_where_that_is_switched() -> None:
    desk = Desk({"stk_query_v2": "on"})
    body = orjson.dumps(request("stk_query.request", {"CheckoutRequestID": desk.pushed()}))
    desk.after(60)

    assert QUERY_V2 in desk.daraja.routes
    assert QUERY_V2 not in Desk().daraja.routes
    assert wire(desk.call(QUERY_V2, body).body) == wire(desk.call(QUERY, body).body)


@pytest.mark.parametrize(("query", "status"), [("client_credentials", 200), ("password", 400)])
def test_a_grant_type_that_is_said_twice_must_be_the_same(query: str, status: int) -> None:
    twice = f"?grant_type=client_credentials&grant_type={query}"

    assert Desk().call(OAUTH, method="GET", authorization=basic(), query=twice).status == status


def test_without_reference_and_description_the_description_is_blamed() -> None:
    both = {"AccountReference": None, "TransactionDesc": None}

    assert error_of(Desk().push(**both))[2] == "Bad Request - Invalid Remarks"
    assert error_of(Desk().push(AccountReference=None))[2] == "Bad Request - Invalid AccountReference"


def test_a_query_in_flight_may_name_the_payment_as_its_request() -> None:
    for switch in ("own", "checkout_request_id"):
        desk = Desk({"in_flight": "processing", "in_flight_request_id": switch, "query_too_early_s": "0"})
        checkout = desk.pushed()
        answer = wire(desk.query(checkout).body)
        assert answer["errorCode"] == "500.001.1001"
        assert (answer["requestId"] == checkout) == (switch == "checkout_request_id")
