"""What the merchant was told, read out of journal entries; whatever cannot be read says nothing."""

import json
from typing import Any

import pytest
from tayari_money.daraja_records import told_by_callback, told_by_query
from tayari_money.invariants import Word


def callback(code: object, **more: object) -> dict[str, Any]:
    body = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_1", "ResultCode": code, **more}}}
    return {"at": 5.0, "request": {"body": json.dumps(body)}}


def query(**answer: object) -> dict[str, Any]:
    return {"at": 5.0, "response": {"status": 200, "body": json.dumps(answer)}}


@pytest.mark.parametrize(
    ("code", "word"),
    [(0, Word.SUCCESS), ("0", Word.SUCCESS), (0.0, Word.SUCCESS), (1032, Word.FAILURE), ("SFC_IC0003", Word.FAILURE)],
)
def test_a_callback_says_success_by_its_code_alone(code: object, word: Word) -> None:
    name, told = told_by_callback(callback(code))

    assert name == "ws_CO_1"
    assert told is not None
    assert told.word is word


def test_amount_and_receipt_are_read_from_a_list_and_from_a_single_item() -> None:
    items = [{"Name": "Amount", "Value": "1.00"}, {"Name": "MpesaReceiptNumber", "Value": "UKN1"}]
    _, listed = told_by_callback(callback(0, CallbackMetadata={"Item": items}))
    _, single = told_by_callback(callback(0, CallbackMetadata={"Item": items[1]}))

    assert listed is not None
    assert single is not None
    assert (listed.amount, listed.receipt) == (1.0, "UKN1")
    assert (single.amount, single.receipt) == (None, "UKN1")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"Body": []}', '{"Body": {"stkCallback": 1}}', '{"Body":' * 20_000])
def test_an_unreadable_callback_says_nothing(body: str) -> None:
    assert told_by_callback({"at": 5.0, "request": {"body": body}}) == ("", None)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"ResultCode": "0", "CheckoutRequestID": "ws_CO_1"}, Word.SUCCESS),
        ({"ResultCode": "1032", "CheckoutRequestID": "ws_CO_1"}, Word.FAILURE),
        ({"ResultCode": "4999", "CheckoutRequestID": "ws_CO_1"}, Word.UNDECIDED),
        ({"ResultCode": "0", "CheckoutRequestID": "ws_CO_2"}, Word.UNDECIDED),
        ({"errorCode": "500.001.1001"}, Word.UNDECIDED),
    ],
)
def test_a_query_decides_where_it_names_the_payment_and_its_result(answer: dict[str, object], word: Word) -> None:
    assert told_by_query(query(**answer), "ws_CO_1").word is word
