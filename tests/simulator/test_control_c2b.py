"""C2B through the control API: a customer pays, validation is switched, and messages of no payment are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests
from jsonschema import Draft202012Validator
from running_simulator import Running, running
from tayari_control.client import ControlError

PAYMENT: dict[str, Any] = {"short_code": "600984", "msisdn": "254711000111", "amount": 500, "reference": "HOUSE-12B"}


@pytest.fixture
def server() -> Iterator[Running]:
    with running(options={"outcome_after_s": "0.01"}) as alone:
        yield alone


def register(server: Running, **changes: str) -> None:
    body = {
        "ShortCode": "600984",
        "ResponseType": "Cancelled",
        "ConfirmationURL": server.callback_url,
        "ValidationURL": server.callback_url,
    }
    answer = requests.post(
        f"{server.daraja_url}/mpesa/c2b/v2/registerurl",
        json=body | changes,
        headers={"Authorization": f"Bearer {server.token()}"},
        timeout=5,
    )
    assert answer.status_code == 200, answer.text


def taken(server: Running) -> list[dict[str, Any]]:
    """What the merchant was sent, once nothing is to come any more."""
    assert server.control.wait("idle", timeout_s=5)["met"]
    return [orjson.loads(row.body) for row in server.taken]


def fits(server: Running, name: str, message: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(server.control.schemas()[name]).is_valid(message))


def test_a_customer_pays_without_any_call_of_the_merchant(server: Running) -> None:
    register(server)
    payment = server.control.pay_c2b(**PAYMENT)
    (confirmation,) = taken(server)

    assert confirmation["TransID"] == payment["id"]
    assert confirmation["BillRefNumber"] == "HOUSE-12B"
    assert fits(server, "c2b_confirmation", confirmation)
    assert not fits(server, "c2b_confirmation", {})
    assert [row["state"] for row in server.control.payments(msisdn="254711000111")] == ["paid"]


def test_validation_is_switched_on_and_its_question_fits_the_schema(server: Running) -> None:
    register(server)
    server.control.set_organisation("600984", validates=True, confirms_pushes=False, lists_pushes=False)
    (changed,) = [row for row in server.control.organisations() if row["short_code"] == "600984"]
    assert (changed["validates"], changed["confirms_pushes"], changed["lists_pushes"]) == (True, False, False)
    server.control.pay_c2b(**PAYMENT)
    messages = taken(server)

    assert fits(server, "c2b_validation", messages[0])
    assert messages[0]["TransactionType"] == ""


def test_a_suspended_organisation_is_not_paid(server: Running) -> None:
    register(server)
    server.control.set_organisation("600984", active=False)
    server.control.pay_c2b(**PAYMENT)

    assert taken(server) == []
    assert [row["result_code"] for row in server.control.payments(msisdn="254711000111")] == [14]


def test_an_unknown_short_code_is_reported(server: Running) -> None:
    refusal = 'no organisation has the short code "123456"; known are'
    with pytest.raises(ControlError, match=refusal):
        server.control.pay_c2b(**(PAYMENT | {"short_code": "123456"}))
    with pytest.raises(ControlError, match=refusal):
        server.control.set_organisation("123456", validates=True)


def sent(server: Running, **telling: Any) -> dict[str, Any]:
    server.taken.clear()
    (delivery,) = server.control.send_callback(url=server.callback_url, **telling)
    assert delivery["status"] == 200
    message: dict[str, Any] = orjson.loads(server.taken[0].body)
    return message


def test_messages_of_a_payment_that_never_was_are_sent(server: Running) -> None:
    validation = sent(server, message="c2b_validation", amount=20, msisdn="254711000111")
    confirmation = sent(server, kind="c2b", result_code=0, amount=20)

    assert (validation["TransAmount"], validation["MSISDN"]) == ("20", "2547 ***** 111")
    assert confirmation["TransAmount"] == "20.00"
    assert server.control.payments() == []


@pytest.mark.parametrize(
    ("telling", "message"),
    [
        ({"kind": "c2b", "result_code": 1}, "a c2b transaction that failed has no message; give result_code 0"),
        ({"kind": "stk_push", "message": "c2b_validation"}, "a stk_push transaction has no message c2b_validation"),
        ({"message": "c2b_validation", "result_code": 0}, "result_code and message exclude each other"),
    ],
)
def test_a_message_that_does_not_exist_is_refused(server: Running, telling: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        server.control.send_callback(url=server.callback_url, **telling)


def test_a_transaction_is_found_and_waited_for_by_any_of_its_ids(server: Running) -> None:
    identifier = server.pushed("254711000333")
    assert server.control.wait("callback_answered", checkout_request_id=identifier, timeout_s=10)["met"]
    (payment,) = server.control.payments(msisdn="254711000333")
    for key in ("merchant_request_id", "receipt"):
        (found,) = server.control.payments(checkout_request_id=payment[key])
        waited = server.control.wait("callback_answered", checkout_request_id=payment[key], timeout_s=0)

        assert found == payment
        assert [entry["checkout_request_id"] for entry in waited["entries"]] == [identifier]
        assert server.control.explain(payment[key])["payments"][0]["payment"] == payment
