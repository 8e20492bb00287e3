"""Whatever is paid, paid out, reversed, reset and waited for: the ledger balances, and every API tells the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from core_kit import Desk, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from initiator_kit import B2C, BALANCE, SHORT_CODE, STATUS, ask, parameters, result_of
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Status, Transaction

OWN = "174379"
B2B = "/mpesa/b2b/v1/paymentrequest"
REVERSAL = "/mpesa/reversal/v1/request"
PHONES = ("254711000111", "254711000112")
OPTIONS = {"opening_utility": "900", "opening_working": "700", "same_amount": "accept", "token_lifetime_s": "9e9"}
COMMANDS = ("BusinessPayBill", "BusinessPayToBulk", "AgencyFloatAdvance")
SHILLINGS = st.integers(10, 900)
STEPS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(PHONES), SHILLINGS),
    st.tuples(st.just("payout"), st.sampled_from(PHONES), SHILLINGS),
    st.tuples(
        st.just("b2b"), st.sampled_from(("BusinessPayBill", "BusinessPayToBulk", "AgencyFloatAdvance")), SHILLINGS
    ),
    st.tuples(st.just("reverse"), st.integers(0, 1), st.just(10)),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from((0, 1, 30, 100_000))),
    st.tuples(st.just("wallet"), st.sampled_from(PHONES), st.integers(0, 500)),
    st.tuples(st.just("reset"), st.just(""), st.just(0)),
)


def play(desk: Desk, numbers: Iterator[int], what: str, whom: Any, amount: int) -> None:
    """One step; what is refused is refused."""
    world = desk.daraja.world
    if what == "push":
        desk.push(PhoneNumber=int(whom), Amount=amount)
    elif what == "payout":
        originator = f"payout-{next(numbers)}"
        ask(desk, B2C, "b2c_v3.request", PartyB=int(whom), Amount=amount, OriginatorConversationID=originator)
    elif what == "b2b":
        ask(desk, B2B, "b2b_paybill.request", CommandID=whom, Amount=amount)
    elif what == "reverse":
        receipts = [row.receipt for row in world.transactions.all() if row.kind == "stk_push" and row.receipt]
        receipt = receipts[whom % len(receipts)] if receipts else "UJ7K4T9QWX"
        ask(desk, REVERSAL, "reversal.request", TransactionID=receipt, Amount=amount, ReceiverParty=OWN)
    elif what == "wallet":
        world.ledger.set_wallet(whom, amount)
    elif what == "wait":
        desk.after(float(amount))
    else:
        desk.daraja.forget()
        desk.authorization = "Bearer " + wire(desk.oauth().body)["access_token"]


def is_sound(desk: Desk) -> None:
    balances = desk.daraja.world.ledger.balances()
    assert sum(balances.values()) == 0
    assert all(balance >= 0 for (owner, _), balance in balances.items() if owner)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_the_ledger_balances_and_all_apis_agree(steps: list[tuple[str, Any, int]]) -> None:
    desk = Desk(
        {"opening_utility": "900", "opening_working": "700", "same_amount": "accept", "token_lifetime_s": "9e9"}
    )
    numbers = count()
    for what, whom, amount in steps:
        play(desk, numbers, what, whom, amount)
        desk.after(2.0 if amount % 2 == 0 else 0.0)
        is_sound(desk)
    desk.after(200.0)
    is_sound(desk)
    transactions = [row for row in desk.daraja.world.transactions.all() if row.receipt]
    for row in transactions:
        agrees(desk, row)
    reversed_once(transactions)
    ledger = desk.daraja.world.ledger
    told = parameters(result_of(desk, BALANCE, "account_balance.request"))["AccountBalance"]
    for account in (Account.WORKING, Account.UTILITY):
        held = ledger.balance(SHORT_CODE, account)
        assert f"{account}|KES|{held}.00|{held}.00|0.00|0.00" in told


def agrees(desk: Desk, row: Transaction) -> None:
    """Status tells what happened to this transaction."""
    asked = {"TransactionID": row.receipt, "PartyA": row.short_code}
    told = parameters(result_of(desk, STATUS, "transaction_status.request", **asked))

    assert row.status is Status.PAID
    assert told["ReceiptNo"] == row.receipt
    assert told["Amount"] == row.amount
    assert told["OriginatorConversationID"] == row.request_id
    assert told["TransactionStatus"] == ("Reversed" if row.reversed_by else "Completed")


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
