"""The money of a load run: each truth holds on honest books, and breaks on each kind of wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tayari_load.results.money import MoneyResult, RunMoney, excused, judge_money, line_s
from tayari_load.statistics.payments import LoadPayment, Order, PaymentLog, PaymentOutcome
from tayari_load.statistics.tally import Tally
from tayari_money.payment_record import PaymentKind, PaymentState

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW


def settled(number: int = 1, **changes: Any) -> LoadPayment:
    order = Order(name="", msisdn=f"25479000000{number}", reference=f"L{number}", amount=100)
    payment = LoadPayment(
        order=order, outcome=PaymentOutcome.SETTLED, reason="", at=10.0, payment_id=str(number), receipt=f"R{number}",
        credits=1, credited=100.0, state=PAID,
    )  # fmt: skip
    return replace(payment, **changes)


def row(state: str = "paid", amount: int = 100, status: int | None = 200) -> dict[str, Any]:
    return {"state": state, "amount": amount, "result_due_at": 5.0, "callbacks": [{"status": status}]}


def judged(
    payments: Sequence[LoadPayment], rows: dict[int, list[dict[str, Any]]], **more: Any
) -> dict[str, MoneyResult]:
    by_number = {f"25479000000{number}": found for number, found in rows.items()}
    money = RunMoney(payments=payments, rows=by_number, **{"now": 20.0, "young_s": 60.0, **more})
    return {row.rule: row for row in judge_money(money)}


def test_honest_books_break_nothing() -> None:
    rows = judged([settled(1), settled(2)], {1: [row()], 2: [row()]}, looked_again={"L1": "paid"})

    assert [row.broken for row in rows.values()] == [()] * 5
    assert [row.judged for row in rows.values()] == [2, 2, 1, 2, 2]


WRONG = [
    ("M01", settled(outcome=PaymentOutcome.CREDITED_TWICE, credits=2), [row()], "was credited 2 times for one payment"),
    ("M01", settled(credits=None, credited=200.0), [row()], "was credited 200 shillings for one payment of 100"),
    ("M01", settled(credits=1, credited=200.0), [row()], "was credited 200 shillings for one payment of 100"),
    ("M02", settled(), [row("failed")], "no message of M-Pesa reported it as paid"),
    ("M02", settled(), [row("prompted")], "no message of M-Pesa reported it as paid"),
    ("M02", settled(), [], "no message of M-Pesa reported it as paid"),
    ("M04", settled(credited=90.0), [row()], "was credited 90 shillings; 100 were paid"),
    ("M04", settled(), [row(amount=90)], "is an order of 100 shillings, and 90 were asked for"),
    ("M04", settled(), [row(), row()], "was paid 2 times, 200 shillings, and credited 100"),
    (
        "M05",
        settled(outcome=PaymentOutcome.STUCK, state=PENDING),
        [row()],
        "is pending in the end",
    ),
    (
        "M05",
        settled(outcome=PaymentOutcome.FAILED, state=FAILED),
        [row()],
        "is failed in the end",
    ),
]


@pytest.mark.parametrize(("rule", "payment", "rows", "sentence"), WRONG)
def test_each_wrong_book_breaks_its_rule(
    rule: str, payment: LoadPayment, rows: list[dict[str, Any]], sentence: str
) -> None:
    found = judged([payment], {1: rows})[rule]

    assert sentence in found.broken[0]
    assert found.msisdns == ("254790000001",)


def paid_out(**changes: Any) -> LoadPayment:
    payment = settled(credits=None, credited=None, **changes)
    return replace(payment, order=replace(payment.order, kind=PaymentKind.PAYOUT))


def test_payouts_are_judged_by_rules_of_their_own() -> None:
    rows = judged([settled(1), replace(paid_out(), order=replace(paid_out().order, reference="L9"))], {1: [row()]})

    assert list(rows) == ["M01", "M02", "M03", "M04", "M05", "M06", "M07"]
    assert list(judged([paid_out()], {1: [row()]})) == ["M06", "M07"]
    assert [found.broken for found in judged([paid_out()], {1: [row()]}).values()] == [(), ()]


def paid_in(**changes: Any) -> LoadPayment:
    payment = settled(**changes)
    return replace(payment, order=replace(payment.order, kind=PaymentKind.C2B_PAYMENT))


def confirmed(*, status: int | None = 200, sent: bool = True, validation: str | None = None) -> dict[str, Any]:
    answered = {"status": status, "sent_at": 6.0 if sent else None}
    asked = [{"status": 200, "sent_at": 5.0}] if validation else []
    return {**row(), "kind": "c2b", "validation": validation, "callbacks": [*asked, answered] if sent else asked}


def test_payments_that_customers_begin_are_judged_as_those_that_the_merchant_asks_for() -> None:
    rows = judged([paid_in(), settled(2)], {1: [confirmed()], 2: [row()]}, looked_again={"L1": "paid"})

    assert [(name, found.broken, found.judged) for name, found in rows.items()] == [
        ("M01", (), 2), ("M02", (), 2), ("M03", (), 1), ("M04", (), 2), ("M05", (), 2)
    ]  # fmt: skip


WRONG_IN = [
    (
        "M01",
        paid_in(outcome=PaymentOutcome.CREDITED_TWICE, credits=2),
        [confirmed()],
        "was credited 2 times for one payment",
    ),
    ("M02", paid_in(), [], "no message of M-Pesa reported it as paid"),
    ("M04", paid_in(credited=1.0), [confirmed()], "was credited 1 shillings; 100 were paid"),
    ("M05", paid_in(state=PENDING, credits=0, credited=0), [confirmed()], "is pending in the end"),
]


@pytest.mark.parametrize(("rule", "payment", "rows", "sentence"), WRONG_IN)
def test_each_wrong_account_breaks_its_rule(
    rule: str, payment: LoadPayment, rows: list[dict[str, Any]], sentence: str
) -> None:
    broken = judged([payment], {1: rows})[rule].broken[0]

    assert broken.startswith("C2B payment L1 over 100 shillings ")
    assert sentence in broken


def test_a_merchant_without_a_confirmation_need_not_know_the_payment() -> None:
    never = paid_in(state=PENDING, credits=0, credited=0)

    for heard_nothing in (confirmed(sent=False), confirmed(sent=False, validation="accepted")):
        assert judged([never], {1: [heard_nothing]}, now=1e6)["M05"].broken == ()
    assert judged([never], {1: [confirmed(validation="accepted")]}, now=1e6)["M05"].broken


def test_a_confirmation_that_crashed_the_merchant_leaves_it_time_to_pull() -> None:
    crashed = [paid_in(state=PENDING, credits=0, credited=0)], {1: [confirmed(status=500, validation="accepted")]}

    assert "had time left" in judged(*crashed)["M05"].open
    assert judged(*crashed, now=100.0)["M05"].broken


def test_what_is_pending_may_stand_in_the_line_of_a_merchants_few_queries() -> None:
    """Five queries a minute for fifty payments are ten minutes, however short the load was."""
    stuck = [settled(outcome=PaymentOutcome.STUCK, state=PENDING, credits=0, credited=0.0, receipt="")]
    in_line_s = line_s(50, 5, took_s=20.0)

    assert in_line_s == 580.0
    assert "had time left" in judged(stuck, {1: [row()]}, in_line_s=in_line_s)["M05"].open
    assert judged(stuck, {1: [row()]}, in_line_s=in_line_s, now=600.0)["M05"].broken
    assert judged([replace(stuck[0], state=FAILED)], {1: [row()]}, in_line_s=in_line_s)["M05"].broken


def test_a_c2b_payment_does_not_wait_for_status_queries() -> None:
    never_credited = paid_in(state=PENDING, credits=0, credited=0)

    assert judged([never_credited], {1: [confirmed()]}, in_line_s=580.0)["M05"].broken


def test_an_answered_callback_is_due_whatever_the_clocks_say() -> None:
    stuck = [settled(outcome=PaymentOutcome.STUCK, state=PENDING, credits=0, credited=0.0, receipt="")]

    assert judged(stuck, {1: [row()]}, now=1.0)["M05"].broken


@pytest.mark.parametrize("limit", [None, 1800])
def test_a_merchant_that_could_ask_in_time_has_no_line(limit: float | None) -> None:
    assert line_s(50, limit, took_s=20.0) == 0.0


def test_a_payment_that_its_scenario_leaves_open_is_not_stuck() -> None:
    payment = paid_in(state=PENDING, credits=0, credited=0)
    payment = replace(payment, order=replace(payment.order, may_stay_open=True))

    assert judged([payment], {1: [confirmed()]})["M05"].broken == ()


def test_a_payment_that_the_merchant_rejected_is_not_excused() -> None:
    rejected = [paid_in(outcome=PaymentOutcome.FAILED, state=PENDING)]
    rows = {"254790000001": [{**confirmed(), "state": "failed"}]}

    assert excused(RunMoney(payments=rejected, rows=rows)) == []


@pytest.mark.parametrize(
    ("rule", "rows", "sentence"),
    [
        ("M06", [row(), row()], "payout L1 over 100 shillings was paid out 2 times, 200 shillings in all"),
        ("M07", [row("failed")], "is a payout that became paid, and no result reported success"),
    ],
)
def test_each_wrong_payout_breaks_its_rule(rule: str, rows: list[dict[str, Any]], sentence: str) -> None:
    assert sentence in judged([paid_out()], {1: rows})[rule].broken[0]


def test_one_receipt_on_two_orders_is_a_double_credit() -> None:
    found = judged([settled(1), settled(2, receipt="R1")], {1: [row()], 2: [row()]})["M01"]

    assert found.broken == ("order L2 over 100 shillings is paid with R1, as L1 is",)


def test_a_paid_order_that_is_shown_otherwise_later_was_not_final() -> None:
    assert judged([settled()], {1: [row()]}, looked_again={"L1": "pending"})["M03"].broken


def test_a_merchant_that_may_still_reconcile_is_not_blamed_yet() -> None:
    stuck, lost = [settled(outcome=PaymentOutcome.STUCK, state=PENDING)], {1: [row(status=None)]}

    assert "had time left" in judged(stuck, lost)["M05"].open
    assert judged(stuck, lost, now=100.0)["M05"].broken


def test_a_paid_order_whose_state_cannot_be_read_is_an_open_question() -> None:
    found = judged([settled(1), settled(2, state=None, outcome=PaymentOutcome.REFUSED)], {1: [row()], 2: [row()]})[
        "M05"
    ]

    assert (found.broken, found.judged) == ((), 1)
    assert found.open == "1 paid payments showed no state that could be read"


def test_a_paid_order_in_a_persons_hands_is_not_lost() -> None:
    assert judged([settled(state=REVIEW, outcome=PaymentOutcome.FAILED)], {1: [row()]})["M05"].broken == ()


def test_payments_that_the_simulator_has_forgotten_are_not_called_unproven() -> None:
    forgotten = judged([settled(1), settled(2)], {1: [row()]}, complete=False)["M02"]

    assert (forgotten.broken, forgotten.judged) == ((), 1)


def test_clocks_of_other_machines_prove_nothing() -> None:
    early = settled(at=1.0)

    assert judged([early], {1: [row()]})["M02"].broken == ()


def test_what_cannot_be_seen_is_not_passed() -> None:
    blind = judged([settled(receipt="", credits=None, credited=None)], {1: [row()]})

    assert (blind["M01"].judged, blind["M04"].judged) == (0, 0)
    assert blind["M01"].key
    assert blind["M01"].unseen


def test_a_receipt_alone_shows_one_that_pays_two_orders_and_no_second_credit() -> None:
    alone = {"credits": None, "credited": None}

    once = judged([settled(1, **alone)], {1: [row()]})["M01"]
    shared = judged([settled(1, **alone), settled(2, receipt="R1", **alone)], {1: [row()], 2: [row()]})["M01"]

    assert (once.judged, once.broken) == (0, ())
    assert once.key == "merchant.ledger, or merchant.status.credited with a sum"
    assert len(shared.broken) == 1


def test_customers_who_did_not_pay_are_no_failures_of_the_merchant() -> None:
    payments = [settled(number, outcome=PaymentOutcome.FAILED, state=FAILED) for number in (1, 2, 3)]
    rows = {"254790000001": [row("failed")], "254790000002": [row()]}

    found = excused(RunMoney(payments=payments, rows=rows))

    assert [(payment.order.reference, outcome) for payment, outcome in found] == [("L1", PaymentOutcome.DECLINED)]


def test_an_order_that_was_taken_and_then_failed_honestly_is_no_worse_than_a_refusal() -> None:
    kept = [settled(number, outcome=PaymentOutcome.FAILED, state=FAILED, disturbed=number != 3) for number in (1, 2, 3)]
    rows = {"254790000002": [row()]}

    found = excused(RunMoney(payments=kept, rows=rows))
    unknown = excused(RunMoney(payments=kept, rows=rows, complete=False))

    assert [(payment.order.reference, outcome) for payment, outcome in found] == [("L1", PaymentOutcome.TURNED_AWAY)]
    assert unknown == []


def test_what_is_excused_at_the_end_is_no_failure_in_the_charts_either() -> None:
    tally, payment = Tally(), settled(1, outcome=PaymentOutcome.FAILED, state=FAILED)
    tally.start(9.0)
    tally.end(payment)
    tally.excuse(payment, PaymentOutcome.TURNED_AWAY)

    assert (tally.failed, tally.excused, tally.counted) == (0, 1, 0)
    assert [second.failed for second in tally.seconds.values()] == [0, 0]


def test_a_workers_payments_are_the_same_at_its_master() -> None:
    worker, master = PaymentLog(), PaymentLog()
    worker.keep(settled(1, disturbed=True))
    master.add(worker.take())

    assert master.payments == [settled(1, disturbed=True)]
    assert worker.payments == []
