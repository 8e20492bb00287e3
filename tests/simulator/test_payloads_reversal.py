"""Reversal as in the example payloads, and what it does to the ledger and to the payment's status."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from core_kit import Desk, error_of, payload, request
from initiator_kit import B2C, PHONE, STATUS, ask, ending, parameters, result_of, same
from tayari_simulator.state.ledger import WALLET, Account

REVERSAL = "/mpesa/reversal/v1/request"
EXAMPLE = "reversal.request"
OWN = "174379"


def reverse(desk: Desk, **changes: Any) -> Any:
    return result_of(desk, REVERSAL, EXAMPLE, **changes)


def paid(desk: Desk, amount: int = 40) -> str:
    """The receipt of an STK payment by the example's customer."""
    identifier = desk.pushed(PhoneNumber=int(PHONE), Amount=amount)
    desk.after(5.0)
    transaction = desk.daraja.state.transactions.find(identifier)
    assert transaction is not None
    return transaction.receipt


def utility(desk: Desk) -> int:
    return desk.daraja.state.ledger.balance(OWN, Account.UTILITY)


def test_a_success_is_the_example_and_the_money_goes_back() -> None:
    desk = Desk()
    desk.daraja.state.ledger.set_wallet(PHONE, 100)
    receipt = paid(desk)
    before = utility(desk)
    result = reverse(desk, TransactionID=receipt, ReceiverParty=OWN, Amount=40)
    found = parameters(result)
    example = payload("reversal.result.success")["Result"]

    assert [*found] == [*parameters(example)]
    assert [*result] == [*example]
    assert (found["Amount"], found["Charge"], found["OriginalTransactionID"]) == ("40.00", "0.00", receipt)
    assert found["DebitAccountBalance"] == f"Utility Account|KES|{before - 40}.00|{before - 40}.00|0.00|0.00"
    assert found["CreditPartyPublicName"] == f"{PHONE} - AMINA WANJIRU"
    assert found["DebitPartyPublicName"] == f"{OWN} - Example Shop"
    assert result["ReferenceData"] == example["ReferenceData"]
    assert utility(desk) == before - 40
    assert desk.daraja.state.ledger.balance(PHONE, WALLET) == 100


def test_a_payment_is_reversed_once_and_its_status_says_so() -> None:
    desk = Desk()
    receipt = paid(desk)
    asked = {"TransactionID": receipt, "ReceiverParty": OWN, "Amount": 40}
    first, before = reverse(desk, **asked), utility(desk)
    second = reverse(desk, **asked)
    status = result_of(desk, STATUS, "transaction_status.request", TransactionID=receipt, PartyA=OWN)

    assert first["ResultCode"] == 0
    same(second, "reversal.result.fail.already_reversed")
    assert utility(desk) == before
    assert parameters(status)["TransactionStatus"] == "Reversed"


def test_an_unknown_receipt_ends_in_r000002() -> None:
    same(reverse(Desk()), "reversal.result.fail.invalid_transaction")


def test_what_no_customer_paid_to_this_short_code_cannot_be_reversed() -> None:
    desk = Desk()
    receipt = paid(desk)
    payout = parameters(result_of(desk, B2C, "b2c_v3.request"))["TransactionReceipt"]

    assert reverse(desk, TransactionID=receipt, ReceiverParty="600001")["ResultCode"] == "R000002"
    assert reverse(desk, TransactionID=payout, ReceiverParty="600992")["ResultCode"] == "R000002"


def test_never_more_than_was_paid_and_never_more_than_there_is() -> None:
    desk = Desk()
    receipt = paid(desk)
    more = reverse(desk, TransactionID=receipt, ReceiverParty=OWN, Amount=41)
    desk.daraja.state.ledger.set(OWN, Account.UTILITY, 39)
    short = reverse(desk, TransactionID=receipt, ReceiverParty=OWN, Amount=40)

    assert (more["ResultCode"], short["ResultCode"], utility(desk)) == (3, 1, 39)


def test_a_scenario_cannot_pay_back_what_was_never_paid() -> None:
    desk = ending(0, "reversal")
    before = dict(desk.daraja.state.ledger.balances())

    assert reverse(desk, ReceiverParty=OWN)["ResultCode"] == 0
    assert desk.daraja.state.ledger.balances() == before


def test_the_corrected_spelling_is_refused_as_in_the_example() -> None:
    corrected = {"RecieverIdentifierType": None, "ReceiverIdentifierType": "11"}
    example = payload("reversal.error.misspelling_corrected")

    assert error_of(ask(Desk(), REVERSAL, EXAMPLE, **corrected)) == (400, example["errorCode"], example["errorMessage"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"RecieverIdentifierType": "4"}, "RecieverIdentifierType"),
        ({"TransactionID": None}, "TransactionID"),
        ({"Amount": "1.5"}, "Amount"),
        ({"CommandID": "Reversal"}, "CommandID"),
        ({"Remarks": "x"}, "Remarks"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    expected = (400, "400.002.02", f"Bad Request - Invalid {field}")

    assert error_of(ask(Desk(), REVERSAL, EXAMPLE, **changes)) == expected


def test_a_bad_token_is_refused_as_on_a_push() -> None:
    reply = Desk().call(REVERSAL, orjson.dumps(request(EXAMPLE, {})), authorization="Bearer wrong")

    assert error_of(reply) == (404, "404.001.03", "Invalid Access Token")
