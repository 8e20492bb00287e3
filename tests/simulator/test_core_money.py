"""Whatever is paid, paid out, reversed, reset and waited for: the ledger balances, and all APIs agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import orjson
from bench_daraja import scenario_of
from c2b_kit import register, simulate
from core_kit import Desk, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from initiator_kit import B2C, BALANCE, SHORT_CODE, STATUS, ask, parameters, result_of
from tayari_simulator.apis.core.security_credential import SecurityCredentials
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Status, Transaction

OWN = "174379"
B2B = "/mpesa/b2b/v1/paymentrequest"
REVERSAL = "/mpesa/reversal/v1/request"
PHONES = ("254711000111", "254711000112")
CREDENTIALS = SecurityCredentials()
"""One key pair for all examples: making one takes longer than an example."""
PULL = "/pulltransactions/v1"
OPTIONS = {
    "opening_utility": "900", "opening_working": "700", "same_amount": "accept", "token_lifetime_s": "9e9",
    "query_too_early_s": "0",
}  # fmt: skip
COMMANDS = ("BusinessPayBill", "BusinessPayToBulk", "AgencyFloatAdvance")
FAULTS = (
    "drop: {}", "duplicate: {gap_s: 5}", "delay: {by_s: 40}", "reorder: {within_s: 30}", "ack_lost: {}",
    "ack_refused: {}",
    "api_error: {error: 500.003.02.system_busy}", "huge_callback: {kilobytes: 4}", "malformed_callback: {form: empty}",
    'drop: {"on": c2b_confirmation}', "before_ack: {}", "hang: {for_s: 5, accepted: true}",
)  # fmt: skip
"""None of them changes the truth: they delay or lose an answer or a message, but its content is right."""
SHILLINGS = st.integers(10, 900)
STEPS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(PHONES), SHILLINGS),
    st.tuples(st.just("payout"), st.sampled_from(PHONES), SHILLINGS),
    st.tuples(st.just("b2b"), st.sampled_from(COMMANDS), SHILLINGS),
    st.tuples(st.just("c2b"), st.sampled_from(PHONES), SHILLINGS),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS), st.just(0)),
    st.tuples(st.just("reverse"), st.integers(0, 1), st.just(10)),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from((0, 1, 30, 100_000))),
    st.tuples(st.just("wallet"), st.sampled_from(PHONES), st.integers(0, 500)),
    st.tuples(st.just("reset"), st.just(""), st.just(0)),
)


def play(desk: Desk, numbers: Iterator[int], what: str, whom: Any, amount: int) -> None:
    """One step; what is refused is refused."""
    state = desk.daraja.state
    if what == "push":
        desk.push(PhoneNumber=int(whom), Amount=amount)
    elif what == "payout":
        originator = f"payout-{next(numbers)}"
        ask(desk, B2C, "b2c_v3.request", PartyB=int(whom), Amount=amount, OriginatorConversationID=originator)
    elif what == "b2b":
        ask(desk, B2B, "b2b_paybill.request", CommandID=whom, Amount=amount)
    elif what == "reverse":
        receipts = [row.receipt for row in state.transactions.all() if row.kind == "stk_push" and row.receipt]
        receipt = receipts[whom % len(receipts)] if receipts else "UJ7K4T9QWX"
        ask(desk, REVERSAL, "reversal.request", TransactionID=receipt, Amount=amount, ReceiverParty=OWN)
    elif what == "c2b":
        simulate(desk, ShortCode=OWN, Msisdn=int(whom), Amount=amount)
    elif what == "fault":
        fault = scenario_of(f"scenario: a/b\nabout: x\nfaults: [{{{whom}}}]")
        assert isinstance(state.choose, Selector)
        state.choose.queue(fault, endpoint="stk_push")
    elif what == "wallet":
        state.ledger.set_wallet(whom, amount)
    elif what == "wait":
        pass  # the caller lets time pass
    else:
        desk.daraja.forget()
        desk.authorization = "Bearer " + wire(desk.oauth().body)["access_token"]
        register(desk, ShortCode=OWN)


def is_sound(desk: Desk) -> None:
    balances = desk.daraja.state.ledger.balances()
    assert sum(balances.values()) == 0
    assert all(balance >= 0 for (owner, _), balance in balances.items() if owner)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=3, max_size=14))
def test_the_ledger_balances_and_all_apis_agree(steps: list[tuple[str, Any, int]]) -> None:
    desk = Desk(OPTIONS)
    desk.daraja.state.credentials = CREDENTIALS
    desk.daraja.state.choose = Selector()
    register(desk, ShortCode=OWN)
    numbers, sent = count(), list[Delivery]()
    for what, whom, amount in steps:
        play(desk, numbers, what, whom, amount)
        sent += desk.after(float(amount) if what == "wait" else 2.0 if amount % 2 == 0 else 0.0)
        is_sound(desk)
    sent += desk.after(200.0)
    is_sound(desk)
    desk.daraja.state.choose = None
    remembered = desk.daraja.state.transactions.all()
    assert all(row.status is not Status.PROMPTED for row in remembered)
    for row in remembered:
        messages_agree(row, [delivery for delivery in sent if delivery.transaction_id == row.id])
        if row.kind == "stk_push":
            query_agrees(desk, row)
    transactions = [row for row in remembered if row.receipt]
    pull_agrees(desk, transactions)
    for row in transactions:
        agrees(desk, row)
    reversed_once(transactions)
    ledger = desk.daraja.state.ledger
    answer = parameters(result_of(desk, BALANCE, "account_balance.request"))["AccountBalance"]
    for account in (Account.WORKING, Account.UTILITY):
        held = ledger.balance(SHORT_CODE, account)
        assert f"{account}|KES|{held}.00|{held}.00|0.00|0.00" in answer


def messages_agree(row: Transaction, sent: list[Delivery]) -> None:
    """Every message about a transaction has its one result and its one receipt."""
    for answer in (orjson.loads(delivery.body) for delivery in sent if delivery.body):
        if "TransID" in answer:
            assert (answer["TransID"], answer["TransAmount"]) == (row.receipt, f"{row.amount}.00")
            continue
        result = answer["Body"]["stkCallback"] if "Body" in answer else answer["Result"]
        assert str(result["ResultCode"]) == str(row.result_code)
        assert (row.receipt in json.dumps(result)) or not row.receipt


def query_agrees(desk: Desk, row: Transaction) -> None:
    """The status query of a push has the result of its callback."""
    answer = wire(desk.query(row.id).body)

    assert answer["ResultCode"] == str(row.result_code)
    assert answer["ResultDesc"] == row.result_desc


def pull_agrees(desk: Desk, transactions: list[Transaction]) -> None:
    """The short code's payments of the last day are pulled, each once, and no other."""
    end = datetime.fromtimestamp(int(desk.now_s), EAT) + timedelta(seconds=1)
    begin = end - timedelta(hours=24)
    desk.call(f"{PULL}/register", orjson.dumps({
        "ShortCode": OWN, "RequestType": "Pull", "NominatedNumber": "254711000111", "CallBackURL": "https://a.example/x",
    }))  # fmt: skip
    reply = desk.call(f"{PULL}/query", orjson.dumps({
        "ShortCode": OWN, "StartDate": f"{begin:%Y-%m-%d %H:%M:%S}", "EndDate": f"{end:%Y-%m-%d %H:%M:%S}",
        "OffSetValue": "0",
    }))  # fmt: skip
    found = [row["transactionId"] for page in wire(reply.body).get("Response", []) for row in page]
    paid = [row for row in transactions if row.kind in ("stk_push", "c2b")]

    assert sorted(found) == sorted(row.receipt for row in paid if row.completed_s >= begin.timestamp())


def agrees(desk: Desk, row: Transaction) -> None:
    """Transaction status reports what happened to this transaction."""
    asked = {"TransactionID": row.receipt, "PartyA": row.short_code}
    answer = parameters(result_of(desk, STATUS, "transaction_status.request", **asked))

    assert row.status is Status.PAID
    assert answer["ReceiptNo"] == row.receipt
    assert answer["Amount"] == row.amount
    assert answer["OriginatorConversationID"] == row.request_id
    assert answer["TransactionStatus"] == ("Reversed" if row.reversed_by else "Completed")


def reversed_once(transactions: list[Transaction]) -> None:
    """Each reversal gave back one payment, and never more than it."""
    by_receipt = {row.receipt: row for row in transactions}
    reversals = [row for row in transactions if row.kind == "reversal"]
    originals = [(row.details or {})["original"] for row in reversals]

    assert len(originals) == len(set(originals))
    for reversal, receipt in zip(reversals, originals, strict=True):
        original = by_receipt[receipt]
        assert original.kind == "stk_push"
        assert original.reversed_by == reversal.receipt
        assert reversal.amount <= original.amount
    assert sum(1 for row in transactions if row.reversed_by) == len(reversals)
