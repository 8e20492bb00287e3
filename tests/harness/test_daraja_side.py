"""What the merchant was message, read out of journal entries; whatever cannot be read says nothing."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from tayari_control.client import ControlClient
from tayari_money.daraja_records import c2b_payments, callback_message, pulled_receipts, query_message
from tayari_money.invariants import is_unsettled, judge
from tayari_money.payment_record import (
    DarajaTransaction,
    Observation,
    PaymentKind,
    PaymentRecord,
    PaymentResult,
    PaymentState,
    ReceivedResult,
)


def callback(code: object, **more: object) -> dict[str, Any]:
    body = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_1", "ResultCode": code, **more}}}
    return {"at": 5.0, "request": {"body": json.dumps(body)}}


def query(**answer: object) -> dict[str, Any]:
    return {"at": 5.0, "response": {"status": 200, "body": json.dumps(answer)}}


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (0, PaymentResult.SUCCESS),
        ("0", PaymentResult.SUCCESS),
        (0.0, PaymentResult.SUCCESS),
        (1032, PaymentResult.FAILURE),
        ("SFC_IC0003", PaymentResult.FAILURE),
    ],
)
def test_a_callback_says_success_by_its_code_alone(code: object, result: PaymentResult) -> None:
    name, message = callback_message(callback(code))

    assert name == "ws_CO_1"
    assert message is not None
    assert message.result is result


def test_amount_and_receipt_are_read_from_a_list_and_from_a_single_item() -> None:
    items = [{"Name": "Amount", "Value": "1.00"}, {"Name": "MpesaReceiptNumber", "Value": "UKN1"}]
    _, listed = callback_message(callback(0, CallbackMetadata={"Item": items}))
    _, single = callback_message(callback(0, CallbackMetadata={"Item": items[1]}))

    assert listed is not None
    assert single is not None
    assert (listed.amount, listed.receipt) == (1.0, "UKN1")
    assert (single.amount, single.receipt) == (None, "UKN1")


def c2b_confirmation_entry(**keys: str) -> dict[str, Any]:
    return {"at": 5.0, "request": {"body": json.dumps({"TransID": "UKN1", "TransAmount": "500.00", **keys})}}


def test_a_confirmation_names_a_receipt_and_a_validation_proves_nothing() -> None:
    name, message = callback_message(c2b_confirmation_entry(TransactionType="Pay Bill"))

    assert name == "UKN1"
    assert message is not None
    assert (message.result, message.amount, message.receipt) == (PaymentResult.SUCCESS, 500.0, "UKN1")
    assert callback_message(c2b_confirmation_entry(TransactionType="")) == ("", None)


class Simulator:
    """One payment of a customer, and one confirmation of it."""

    def __init__(self, **reported: str) -> None:
        self._entry = {**c2b_confirmation_entry(TransactionType="Pay Bill", **reported), "seq": 1}

    def payments(self, **_: str) -> list[dict[str, Any]]:
        return [
            {
                "id": "UKN1", "checkout_request_id": "UKN1", "merchant_request_id": "m-1", "amount": 500,
                "state": "paid", "result_due_at": 4.0, "receipt": "UKN1", "short_code": "600984",
                "account_reference": "HOUSE-1",
            }
        ]  # fmt: skip

    def journal_entries(self, *, kind: str = "", **_: object) -> list[dict[str, Any]]:
        return [self._entry] if kind == "callback" else []


@pytest.mark.parametrize(
    ("short_code", "account", "owed"),
    [("600984", "HOUSE-1", True), ("600984", "NOBODY", False), ("600001", "HOUSE-1", False)],
)
def test_a_confirmation_of_another_account_needs_no_credit(short_code: str, account: str, owed: bool) -> None:
    simulator = cast(ControlClient, Simulator(BusinessShortCode=short_code, BillRefNumber=account))
    paid = c2b_payments(simulator)["UKN1"]
    pending = Observation(payment_id="HOUSE-1", state=PaymentState.PENDING, began=9.0, ended=9.1)
    record = PaymentRecord(
        reference="HOUSE-1", ordered=None, transactions=(paid,), observations=(pending,), credits=0, total=0.0,
        kind=PaymentKind.C2B_PAYMENT,
    )  # fmt: skip

    assert is_unsettled(record) is owed
    assert any(paid.proofs()), "the money came, so a credit is proven all the same"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"Response": [[{"transactionId": "UKN1"}, {"transactionId": "UKN2"}]]}, ["UKN1", "UKN2"]),
        ({"Response": [[]]}, []),
        ({"Response": None}, []),
        ({}, []),
    ],
)
def test_a_pulled_row_proves_its_receipt(answer: dict[str, Any], expected: list[str]) -> None:
    assert pulled_receipts({"at": 5.0, "response": {"body": json.dumps(answer)}}) == expected


@pytest.mark.parametrize("body", ["", "[]", "{", '{"Body": []}', '{"Body": {"stkCallback": 1}}', '{"Body":' * 20_000])
def test_an_unreadable_callback_says_nothing(body: str) -> None:
    assert callback_message({"at": 5.0, "request": {"body": body}}) == ("", None)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"ResultCode": "0", "CheckoutRequestID": "ws_CO_1"}, PaymentResult.SUCCESS),
        ({"ResultCode": "1032", "CheckoutRequestID": "ws_CO_1"}, PaymentResult.FAILURE),
        ({"ResultCode": "4999", "CheckoutRequestID": "ws_CO_1"}, PaymentResult.UNDECIDED),
        ({"ResultCode": "0", "CheckoutRequestID": "ws_CO_2"}, PaymentResult.UNDECIDED),
        ({"errorCode": "500.001.1001"}, PaymentResult.UNDECIDED),
    ],
)
def test_a_query_decides_where_it_names_the_payment_and_its_result(
    answer: dict[str, object], result: PaymentResult
) -> None:
    assert query_message(query(**answer), "ws_CO_1").result is result


def test_a_pulled_row_obliges_nobody_to_settle_a_push_that_queries_leave_open() -> None:
    pulled = ReceivedResult(at=2.0, result=PaymentResult.SUCCESS, by_query=True, pulled=True, receipt="UKN1")
    in_flight = ReceivedResult(at=3.0, result=PaymentResult.UNDECIDED, by_query=True)
    look = Observation(payment_id="1", state=PaymentState.PENDING, began=4.0, ended=4.0)
    pushed = DarajaTransaction(
        transaction_id="ws_CO_1", amount=5.0, completed=True, due_at=1.0, messages=(pulled, in_flight)
    )
    record = PaymentRecord(
        reference="A", ordered=5.0, transactions=(pushed,), observations=(look,), credits=None, total=None
    )

    assert judge("M05", [record]).violations == ()
    assert judge("M02", [replace(record, credits=1)]).violations == ()
    reported = replace(pushed, messages=(replace(pulled, pulled=False), in_flight))
    assert len(judge("M05", [replace(record, transactions=(reported,))]).violations) == 1
