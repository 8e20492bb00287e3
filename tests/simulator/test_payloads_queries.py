"""Transaction status and account balance as in the example payloads, and that they tell the truth."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from core_kit import Desk, Playing, error_of, payload, request, wire
from initiator_kit import (
    B2C,
    BALANCE,
    CONVERSATION,
    NODE_ID,
    PHONE,
    PLACEHOLDER,
    RECEIPT,
    SHORT_CODE,
    STATUS,
    ask,
    ending,
    parameters,
    result_of,
    same,
)
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.state.behaviour import Behaviour, Fixed, Step
from tayari_simulator.state.ledger import Account

PATHS = ("/mpesa/transactionstatus/v1/query", "/mpesa/accountbalance/v1/query")
EXAMPLES = {STATUS: "transaction_status.request", BALANCE: "account_balance.request"}
OWN = "174379"


def status(desk: Desk, **changes: Any) -> Any:
    return result_of(desk, STATUS, "transaction_status.request", **changes)


def balance(desk: Desk, **changes: Any) -> Any:
    return result_of(desk, BALANCE, "account_balance.request", **changes)


def paid(desk: Desk, **changes: Any) -> str:
    """The receipt of an STK payment of the example's customer."""
    identifier = desk.pushed(PhoneNumber=int(PHONE), **changes)
    desk.after(5.0)
    transaction = desk.daraja.state.transactions.find(identifier)
    assert transaction is not None
    return transaction.receipt


@pytest.mark.parametrize("path", PATHS)
def test_the_acknowledgement_has_four_fields(path: str) -> None:
    ours = wire(ask(Desk(), path, EXAMPLES[path]).body)

    assert CONVERSATION.fullmatch(ours.pop("ConversationID"))
    assert NODE_ID.fullmatch(ours.pop("OriginatorConversationID"))
    assert ours == {"ResponseCode": "0", "ResponseDescription": "Accept the service request successfully."}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "success"),
        ({"status_result": "documentation"}, "success.docs_form"),
    ],
)
def test_a_status_is_the_example(options: dict[str, str], name: str) -> None:
    desk = Desk(options)
    receipt = paid(desk, AccountReference="INV1")
    occasion = "OK" if name == "success" else None
    ours = status(desk, TransactionID=receipt, PartyA=OWN, Occasion=occasion)
    rows = ours["ResultParameters"]["ResultParameter"]
    example = payload(f"transaction_status.result.{name}")["Result"]

    assert list(ours) == list(example)
    assert [row["Key"] for row in rows] == [row["Key"] for row in example["ResultParameters"]["ResultParameter"]]
    assert [type(row.get("Value")) for row in rows if row["Key"] != "DebitPartyCharges"] == [
        type(row.get("Value"))
        for row in example["ResultParameters"]["ResultParameter"]
        if row["Key"] != "DebitPartyCharges"
    ]
    assert ours["ReferenceData"] == example["ReferenceData"]
    assert (ours["ResultType"], ours["ResultCode"], ours["ResultDesc"]) == (0, 0, example["ResultDesc"])
    assert PLACEHOLDER.fullmatch(ours["TransactionID"])


def test_a_payment_is_explained_as_it_happened() -> None:
    desk = Desk()
    receipt = paid(desk)
    transaction = desk.daraja.state.transactions.find_receipt(receipt)
    assert transaction is not None
    found = parameters(status(desk, TransactionID=receipt, PartyA=OWN))

    assert found["DebitPartyName"] == f"{PHONE} - AMINA WANJIRU"
    assert found["CreditPartyName"] == f"{OWN} - Example Shop"
    assert found["OriginatorConversationID"] == transaction.request_id
    assert found["InitiatedTime"] == 20261007143503
    assert found["FinalisedTime"] == 20261007143504
    assert found["DebitAccountType"] == "MMF Account For Customer"
    assert found["ReasonType"] == "Pay Bill Online"
    assert found["TransactionStatus"] == "Completed"
    assert found["Amount"] == 1
    assert found["ReceiptNo"] == receipt
    assert CONVERSATION.fullmatch(found["ConversationID"])
    assert found["TransactionReason"] is found["CreditPartyCharges"] is None


@pytest.mark.parametrize("key", ["OriginalConversationID", "OriginatorConversationID"])
def test_a_payout_is_found_by_its_own_id_under_both_spellings(key: str) -> None:
    waits = Behaviour(name="slow", steps=(Step(result_code=0, after=Fixed(50.0)),))
    desk = Desk(choose=Playing(waits, "b2c"))
    paid_out = ask(desk, B2C, "b2c_v3.request", OriginatorConversationID="payout-000017-3f9c")
    asked = {"OriginalConversationID": None, "TransactionID": None} | {key: "payout-000017-3f9c"}
    before = parameters(status(desk, **asked))
    desk.after(60.0)
    found = parameters(status(desk, **asked))

    assert paid_out.status == 200
    assert (before["TransactionStatus"], before["ReceiptNo"], before["FinalisedTime"]) == ("Initiated", None, None)
    assert found["TransactionStatus"] == "Completed"
    assert found["DebitPartyName"] == f"{SHORT_CODE} - Example Shop"
    assert found["CreditPartyName"] == f"{PHONE} - AMINA WANJIRU"
    assert found["DebitAccountType"] == "Utility Account"
    assert found["ReasonType"] == "Business Payment to Customer via API"
    assert found["ConversationID"] == wire(paid_out.body)["ConversationID"]
    assert RECEIPT.fullmatch(found["ReceiptNo"])


@pytest.mark.parametrize(("code", "word"), [(1032, "Cancelled"), (1037, "Expired"), (17, "Declined"), (1, "Failed")])
def test_a_failed_payment_is_reported_as_failed_though_the_query_worked(code: int, word: str) -> None:
    steps = (Step(result_code=code, after=Fixed(5.0)),)
    desk = Desk(choose=Playing(Behaviour(name="example", steps=steps)))
    identifier = desk.pushed(PhoneNumber=int(PHONE))
    desk.after(10.0)
    transaction = desk.daraja.state.transactions.find(identifier)
    assert transaction is not None
    result = status(desk, TransactionID=None, OriginalConversationID=transaction.request_id, PartyA=OWN)

    assert result["ResultCode"] == 0
    assert parameters(result)["TransactionStatus"] == word


def test_an_unknown_receipt_ends_in_2033_and_is_the_example() -> None:
    same(status(Desk()), "transaction_status.result.fail.not_found")


def test_another_organisation_does_not_learn_of_a_payment() -> None:
    desk = Desk()

    assert status(desk, TransactionID=paid(desk), PartyA="600001")["ResultCode"] == 2033


def test_a_query_is_no_transaction_that_can_be_asked_about() -> None:
    desk = Desk()
    first = wire(ask(desk, STATUS, "transaction_status.request").body)
    desk.after(20.0)

    for key in ("ConversationID", "OriginatorConversationID"):
        asked = {"TransactionID": None, "OriginalConversationID": first[key]}
        assert status(desk, **asked)["ResultCode"] == 2033


def test_a_malformed_receipt_ends_in_25_and_is_the_example() -> None:
    same(status(Desk(), TransactionID="not a receipt"), "transaction_status.result.fail.bad_parameter")


def test_a_type_that_is_not_that_of_the_short_code_ends_in_sfc_ic0003() -> None:
    result = status(Desk(), IdentifierType="2")

    assert (result["ResultCode"], result["ResultDesc"]) == ("SFC_IC0003", "The operator does not exist.")


def test_a_scenario_may_report_a_payment_that_does_not_exist() -> None:
    found = parameters(status(ending(0, "transaction_status")))

    assert (found["ReceiptNo"], found["TransactionStatus"]) == ("UJ7K4T9QWX", "Completed")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"Initiator": None}, "Initiator"),
        ({"SecurityCredential": "%%%"}, "SecurityCredential"),
        ({"CommandID": "AccountBalance"}, "CommandID"),
        ({"TransactionID": None}, "TransactionID"),
        ({"PartyA": "x"}, "PartyA"),
        ({"IdentifierType": "3"}, "IdentifierType"),
        ({"Remarks": None}, "Remarks"),
        ({"ResultURL": "no url"}, "ResultURL"),
    ],
)
def test_a_bad_field_of_a_status_is_named(changes: dict[str, Any], field: str) -> None:
    reply = ask(Desk(), STATUS, "transaction_status.request", **changes)

    assert error_of(reply) == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"internal_results_url": "production_https"}, "success"),
        (
            {"balance_result": "documentation", "result_types": "text", "result_desc_stop": "off"},
            "success.docs_form",
        ),
    ],
)
def test_a_balance_is_the_example(options: dict[str, str], name: str) -> None:
    same(balance(Desk(options)), f"account_balance.result.{name}")


def test_a_balance_is_the_ledger() -> None:
    desk = Desk({"opening_utility": "500", "opening_working": "70"})
    before = parameters(balance(desk))["AccountBalance"]
    ask(desk, B2C, "b2c_v3.request")
    desk.after(20.0)
    desk.daraja.state.ledger.set(SHORT_CODE, Account.CHARGES, -1540)
    after = parameters(balance(desk))["AccountBalance"]

    assert before == (
        "Working Account|KES|70.00|70.00|0.00|0.00&Utility Account|KES|500.00|500.00|0.00|0.00"
        "&Charges Paid Account|KES|0.00|0.00|0.00|0.00&Merchant Account|KES|0.00|0.00|0.00|0.00"
        "&Organization Settlement Account|KES|0.00|0.00|0.00|0.00"
    )
    assert "Utility Account|KES|250.00|250.00|0.00|0.00" in after
    assert "Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00" in after


def test_a_balance_without_permission_is_the_example() -> None:
    same(balance(ending("TP40153", "account_balance")), "account_balance.result.fail.no_permission")


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_password_ends_in_2001_though_it_was_acknowledged(path: str) -> None:
    desk = Desk()
    wrong = desk.daraja.state.credentials.encrypt("Safaricom111!")

    assert result_of(desk, path, EXAMPLES[path], SecurityCredential=wrong)["ResultCode"] == 2001


@pytest.mark.parametrize("path", PATHS)
def test_a_query_moves_no_money(path: str) -> None:
    desk = Desk()
    before = dict(desk.daraja.state.ledger.balances())
    result = result_of(desk, path, EXAMPLES[path], TransactionID=paid(desk), PartyA=OWN)
    moved = {key: value for key, value in desk.daraja.state.ledger.balances().items() if before.get(key) != value}

    assert result["ResultCode"] == 0
    assert PLACEHOLDER.fullmatch(result["TransactionID"])
    assert {owner for owner, _ in moved} == {"", OWN}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (STATUS, (400, "400.003.01", "Invalid Access Token")),
        (BALANCE, (401, "401.002.01", "Error Occurred - Invalid Access Token - wrong")),
    ],
)
def test_a_bad_token_is_refused_in_the_words_of_the_family(path: str, expected: tuple[int, str, str]) -> None:
    body = orjson.dumps(request(EXAMPLES[path], {}))

    assert error_of(Desk().call(path, body, authorization="Bearer wrong")) == expected


def test_both_rows_are_in_the_table() -> None:
    assert set(PATHS) <= {row.path for row in ENDPOINTS}


def test_a_payout_is_found_by_the_id_that_the_merchant_gave_it() -> None:
    desk = Desk()
    given = payload("transaction_status.request.by_conversation")["OriginalConversationID"]
    assert ask(desk, B2C, "b2c_v3.request", OriginatorConversationID=given).status == 200
    desk.after(20.0)

    found = parameters(result_of(desk, STATUS, "transaction_status.request.by_conversation"))

    assert (found["TransactionStatus"], found["OriginatorConversationID"]) == ("Completed", given)
