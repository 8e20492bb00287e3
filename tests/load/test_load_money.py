"""The money of a load run: each truth holds on honest books, and breaks on each kind of wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tayari_load.book import Book, Entry
from tayari_load.money import Accounts, Invariant, declined, judge_money
from tayari_load.outcome import Outcome
from tayari_money.payment_state import PaymentState

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW


def entry(number: int = 1, **changes: Any) -> Entry:
    settled = Entry(
        msisdn=f"25479000000{number}", reference=f"L{number}", amount=100, outcome=Outcome.SETTLED, at=10.0,
        payment_id=str(number), receipt=f"R{number}", credits=1, credited=100.0, state=PAID,
    )  # fmt: skip
    return replace(settled, **changes)


def payment(state: str = "paid", amount: int = 100, status: int | None = 200) -> dict[str, Any]:
    return {"state": state, "amount": amount, "result_due_at": 5.0, "callbacks": [{"status": status}]}


def judged(entries: Sequence[Entry], payments: dict[int, list[dict[str, Any]]], **more: Any) -> dict[str, Invariant]:
    by_number = {f"25479000000{number}": rows for number, rows in payments.items()}
    accounts = Accounts(entries=entries, payments=by_number, **{"now": 20.0, "young_s": 60.0, **more})
    return {row.rule: row for row in judge_money(accounts)}


def test_honest_books_break_nothing() -> None:
    rows = judged([entry(1), entry(2)], {1: [payment()], 2: [payment()]}, looked_again={"L1": "paid"})

    assert [row.broken for row in rows.values()] == [()] * 5
    assert [row.judged for row in rows.values()] == [2, 2, 1, 2, 2]


WRONG = [
    ("M01", entry(outcome=Outcome.CREDITED_TWICE, credits=2), [payment()], "was credited 2 times for one payment"),
    ("M01", entry(credits=None, credited=200.0), [payment()], "was credited 200 shillings for one payment of 100"),
    ("M01", entry(credits=1, credited=200.0), [payment()], "was credited 200 shillings for one payment of 100"),
    ("M02", entry(), [payment("failed")], "no message of M-Pesa reported it as paid"),
    ("M02", entry(), [payment("prompted")], "no message of M-Pesa reported it as paid"),
    ("M02", entry(), [], "no message of M-Pesa reported it as paid"),
    ("M04", entry(credited=90.0), [payment()], "was credited 90 shillings; 100 were paid"),
    ("M04", entry(), [payment(amount=90)], "is an order of 100 shillings, and 90 were asked for"),
    ("M04", entry(), [payment(), payment()], "was paid 2 times, 200 shillings, and credited 100"),
    (
        "M05",
        entry(outcome=Outcome.STUCK, state=PENDING),
        [payment()],
        "is pending in the end",
    ),
    (
        "M05",
        entry(outcome=Outcome.FAILED, state=FAILED),
        [payment()],
        "is failed in the end",
    ),
]


@pytest.mark.parametrize(("rule", "row", "payments", "said"), WRONG)
def test_each_wrong_book_breaks_its_rule(rule: str, row: Entry, payments: list[dict[str, Any]], said: str) -> None:
    found = judged([row], {1: payments})[rule]

    assert said in found.broken[0]
    assert found.witnesses == ("254790000001",)


def test_one_receipt_on_two_orders_is_a_double_credit() -> None:
    found = judged([entry(1), entry(2, receipt="R1")], {1: [payment()], 2: [payment()]})["M01"]

    assert found.broken == ("order L2 over 100 shillings is paid with R1, as L1 is",)


def test_a_paid_order_that_is_shown_otherwise_later_was_not_final() -> None:
    assert judged([entry()], {1: [payment()]}, looked_again={"L1": "pending"})["M03"].broken


def test_a_merchant_that_may_still_reconcile_is_not_blamed_yet() -> None:
    stuck, lost = [entry(outcome=Outcome.STUCK, state=PENDING)], {1: [payment(status=None)]}

    assert "had time left" in judged(stuck, lost)["M05"].open
    assert judged(stuck, lost, now=100.0)["M05"].broken


def test_a_paid_order_whose_state_cannot_be_read_is_an_open_question() -> None:
    found = judged([entry(1), entry(2, state=None, outcome=Outcome.REFUSED)], {1: [payment()], 2: [payment()]})["M05"]

    assert (found.broken, found.judged) == ((), 1)
    assert found.open == "1 paid payments showed no state that could be read"


def test_a_paid_order_in_a_persons_hands_is_not_lost() -> None:
    assert judged([entry(state=REVIEW, outcome=Outcome.FAILED)], {1: [payment()]})["M05"].broken == ()


def test_payments_that_the_simulator_has_forgotten_are_not_called_unproven() -> None:
    forgotten = judged([entry(1), entry(2)], {1: [payment()]}, complete=False)["M02"]

    assert (forgotten.broken, forgotten.judged) == ((), 1)


def test_clocks_of_other_machines_prove_nothing() -> None:
    early = entry(at=1.0)

    assert judged([early], {1: [payment()]})["M02"].broken == ()


def test_what_cannot_be_seen_is_not_passed() -> None:
    blind = judged([entry(receipt="", credits=None, credited=None)], {1: [payment()]})

    assert (blind["M01"].judged, blind["M04"].judged) == (0, 0)
    assert blind["M01"].key
    assert blind["M01"].unseen


def test_customers_who_did_not_pay_are_no_failures_of_the_merchant() -> None:
    entries = [entry(number, outcome=Outcome.FAILED, state=FAILED) for number in (1, 2, 3)]
    payments = {"254790000001": [payment("failed")], "254790000002": [payment()]}

    assert declined(Accounts(entries=entries, payments=payments)) == 1


def test_a_workers_entries_are_the_same_at_its_master() -> None:
    worker, master = Book(), Book()
    worker.keep(entry(1))
    master.add(worker.take())

    assert master.entries == [entry(1)]
    assert worker.entries == []
