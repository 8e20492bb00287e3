"""What is read again when a load is over: late credits, lost confirmations, and what a pull may not hide."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from load_payments import ORDER, load_run
from tayari_load.load_run import LoadRun
from tayari_load.results.finalize import _record_callback_lag, look_again
from tayari_load.results.money import RunMoney, judge_money
from tayari_load.statistics.latencies import Latencies, Span
from tayari_load.statistics.payments import LoadPayment, Order, PaymentOutcome
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import LedgerView, StatusView

PAID, PENDING = PaymentState.PAID, PaymentState.PENDING


@dataclass
class Books:
    """A merchant as the driver sees it: credits by account, and what a pull finds."""

    credits: dict[str, int] = field(default_factory=dict)
    pulled: dict[str, int] = field(default_factory=dict)

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        return StatusView(state=PAID if self.credits.get(reference) else PENDING)

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView:
        return LedgerView(credits=self.credits.get(reference, 0), total=350.0 * self.credits.get(reference, 0))

    def read_c2b_payment(self, account: str, reference: str, *, receipt: str) -> StatusView:
        found = self.credits.get(reference, 0)
        return StatusView(state=PAID if found else PENDING, credits=found, credited=350.0 * found)

    def recover_c2b(self) -> None:
        self.credits.update(self.pulled)


class Flag(Books):
    """Its page says that the customer was credited, and nothing says how much."""

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        return StatusView(state=PAID, credited=350.0, says_only_credited=True)

    def read_ledger(self, *, payment_id: str, reference: str) -> None:  # type: ignore[override]
        return None


def run_at(books: Books, *payments: LoadPayment) -> LoadRun:
    run = load_run()
    run.test_environment = cast(TestEnvironment, SimpleNamespace(driver=books))
    for payment in payments:
        run.log.keep(payment)
        run.tally.start(payment.at)
        run.tally.end(payment)
    return run


def order(kind: PaymentKind, number: int = 1) -> Order:
    return replace(ORDER, kind=kind, reference=f"L{number}", msisdn=f"25479000000{number}")


def row(*, reported: bool = True) -> dict[str, Any]:
    answered = [{"status": 200, "sent_at": 6.0}]
    return {
        "state": "paid",
        "amount": 350,
        "result_due_at": 5.0,
        "kind": "c2b",
        "callbacks": answered if reported else [],
    }


@pytest.mark.parametrize("kind", [PaymentKind.STK_PAYMENT, PaymentKind.C2B_PAYMENT])
def test_a_second_credit_that_came_after_the_payments_end_is_seen(kind: PaymentKind) -> None:
    payment = LoadPayment(
        order=order(kind), outcome=PaymentOutcome.SETTLED, state=PAID, payment_id="1", credits=1, credited=350.0
    )
    run = run_at(Books(credits={"L1": 2}), payment)

    look_again(run, RunMoney(payments=[payment], rows={payment.order.msisdn: [row()]}))

    assert (payment.outcome, payment.credits, payment.credited) == (PaymentOutcome.CREDITED_TWICE, 2, 700.0)
    assert (run.tally.settled, run.tally.credited_twice) == (1, 1)


def test_a_pull_finds_unconfirmed_payments_and_hides_no_confirmed_ones() -> None:
    lost, reported = (
        LoadPayment(order=order(PaymentKind.C2B_PAYMENT, number), state=PENDING, payment_id=str(number))
        for number in (1, 2)
    )
    run = run_at(Books(pulled={"L1": 1, "L2": 1}), lost, reported)
    rows = {lost.order.msisdn: [row(reported=False)], reported.order.msisdn: [row()]}

    look_again(run, RunMoney(payments=[reported, lost], rows=rows), within_s=0.1)

    assert (lost.state, lost.credits) == (PAID, 1)
    assert reported.state is PENDING, "its confirmation was answered, and the account stayed empty until a pull"


@pytest.mark.parametrize("outcome", [PaymentOutcome.SETTLED, PaymentOutcome.STUCK])
def test_a_merchant_that_says_only_that_it_credited_has_shown_no_sum(outcome: PaymentOutcome) -> None:
    """A sum would let M01 and M04 pass, and a second credit would not change what is shown."""
    state = PAID if outcome is PaymentOutcome.SETTLED else PENDING
    payment = LoadPayment(order=order(PaymentKind.STK_PAYMENT), outcome=outcome, state=state, payment_id="1")
    run = run_at(Flag(), payment)

    looked = look_again(run, RunMoney(payments=[payment], rows={payment.order.msisdn: [row()]}), within_s=0.1)

    assert (payment.state, payment.outcome, payment.credited) == (PAID, PaymentOutcome.SETTLED, None)
    assert {one.rule: one.judged for one in judge_money(looked)}["M04"] == 0


def test_the_lag_of_a_validated_payment_is_that_of_its_confirmation() -> None:
    """The validation comes before the result is due."""
    sent = [{"status": 200, "sent_at": at, "duration_s": 0.5} for at in (99.0, 101.0)]
    row = {"validation": {"accepted": True}, "result_due_at": 100.0, "callbacks": sent}
    latencies = Latencies()
    run: Any = SimpleNamespace(monitor=SimpleNamespace(latencies=latencies))
    money: Any = SimpleNamespace(rows={ORDER.msisdn: [row]})

    _record_callback_lag(run, money)

    assert latencies.percentile_s(Span.CALLBACK_LAG, 100) == pytest.approx(1.5, rel=0.01)
