"""A payment followed to its end, in a time that the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from load_payments import ORDER, load_run
from tayari_control.client import ControlError
from tayari_load.statistics.latencies import Span
from tayari_load.statistics.payments import LoadPayment, Order, PaymentOutcome
from tayari_load.statistics.tally import Tally
from tayari_load.statistics.thresholds import windowed
from tayari_load.users.checkout import Checkout, brief, gaps
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.target_file.target_model import Thresholds
from tayari_target.views import LedgerView, Started, StatusView

TAKEN = Started(accepted=True, status=201, payment_id="p-1")
PENDING = StatusView(state=PaymentState.PENDING, raw_state="PENDING", http_status=200)
PAID = StatusView(state=PaymentState.PAID, raw_state="PAID", http_status=200)


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def elapsed(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class FakeShop:
    def __init__(
        self, started: Started = TAKEN, views: Sequence[StatusView] = (PAID,), ledger: LedgerView | None = None
    ) -> None:
        self.started, self.views, self.ledger = started, list(views), ledger
        self.rejected = ""
        self.lists_read = 0

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started:
        return self.started

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        assert payment_id == "p-1"
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]

    def start_payout(self, *, msisdn: str, amount: int, reference: str) -> Started:
        return replace(self.started, message="a payout")

    def read_payout(self, payout_id: str, reference: str) -> StatusView:
        return replace(self.read_status(payout_id, reference), receipt="UJ1")

    def open_account(self, *, msisdn: str, amount: int, reference: str) -> Started:
        return self.started

    def pay_in(self, order: Order, account: str) -> str:
        return f"receipt of {account}"

    def not_made(self, order: Order) -> str:
        return self.rejected

    def read_c2b_payment(self, account: str, reference: str, *, receipt: str) -> StatusView:
        self.lists_read += bool(receipt)
        return self.read_status(account, reference)

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:
        return self.ledger


IN = replace(ORDER, kind=PaymentKind.C2B_PAYMENT)


def refuse(order: Order, account: str) -> str:
    raise ControlError("no answer")


ONCE = replace(PAID, credits=1, credited=350.0)


def paid_in(shop: FakeShop, order: Order = IN) -> LoadPayment:
    return Checkout(shop=shop, tally=Tally(), clock=FakeClock(), patience_s=30.0).pay(order)


def test_a_customer_who_pays_in_is_followed_by_the_account_and_no_ledger_is_asked() -> None:
    shop = FakeShop(views=[PENDING, ONCE], ledger=LedgerView(credits=7))

    ended = paid_in(shop)

    assert (ended.outcome, ended.receipt, ended.credits, ended.credited) == (
        PaymentOutcome.SETTLED, "receipt of p-1", 1, 350.0
    )  # fmt: skip
    assert shop.lists_read == 0, "the list of unallocated payments grows: it is read only where an account stays empty"


@pytest.mark.parametrize("seen", [replace(ONCE, credits=2), replace(ONCE, credits=None, credited=700.0)])
def test_a_customer_who_pays_in_may_be_credited_twice(seen: StatusView) -> None:
    assert paid_in(FakeShop(views=[seen])).outcome is PaymentOutcome.CREDITED_TWICE


def test_a_customer_whose_payment_the_simulator_does_not_take_is_named_as_such() -> None:
    shop = FakeShop()
    shop.pay_in = refuse  # type: ignore[method-assign]

    assert paid_in(shop).reason == "the simulator did not take the customer's payment: no answer"


def test_a_payment_that_the_merchant_rejects_fails_and_one_that_its_scenario_rejects_is_declined() -> None:
    shop = FakeShop(views=[PENDING])
    shop.rejected = "C2B00012 Rejected"

    failed, wanted = paid_in(shop), paid_in(shop, replace(IN, scenario="c2b/rejected-account"))

    assert (failed.outcome, failed.reason) == (
        PaymentOutcome.FAILED, "M-Pesa did not make the payment: C2B# Rejected"
    )  # fmt: skip
    assert wanted.outcome is PaymentOutcome.DECLINED
    assert failed.duration_s < 10.0, "the customer is told, and waits no longer"


def test_a_payment_in_may_stay_open_where_its_scenario_says_so() -> None:
    lost = replace(IN, scenario="c2b/confirmation-never-comes", may_stay_open=True)
    shop = FakeShop(views=[PENDING])

    assert (paid_in(shop).outcome, paid_in(shop, lost).outcome) == (PaymentOutcome.STUCK, PaymentOutcome.DECLINED)
    assert shop.lists_read > 0


def test_a_payment_in_that_is_shown_as_unallocated_failed() -> None:
    view = replace(PENDING, state=PaymentState.REVIEW)

    assert (paid_in(FakeShop(views=[view])).outcome, paid_in(FakeShop(views=[ONCE])).outcome) == (
        PaymentOutcome.FAILED, PaymentOutcome.SETTLED
    )  # fmt: skip


def test_payments_that_meet_a_scenario_that_was_switched_on_are_taken_out() -> None:
    run = load_run()
    for name, at in (("ack/lost", 110.0), ("service/system-busy", 120.0), (None, 130.0)):
        run.switch(name, at)
    shop = FakeShop(Started(accepted=False, status=503, message="M-Pesa is busy", payment_id=""))
    outcomes = []
    for at in (100.0, 125.0, 140.0):
        clock = FakeClock()
        clock.time = at
        outcomes.append(
            Checkout(shop=shop, tally=Tally(), clock=clock, patience_s=30.0, disturbed=run.disturbed).pay(ORDER).outcome
        )

    assert run.faults == [(110.0, 120.0, "scenario ack/lost"), (120.0, 130.0, "scenario service/system-busy")]
    assert outcomes == [PaymentOutcome.REFUSED, PaymentOutcome.TURNED_AWAY, PaymentOutcome.REFUSED]


def test_a_scenario_that_plays_already_when_a_run_begins_has_its_window_from_then_on() -> None:
    run = load_run()
    run.switch("ack/lost", 110.0)
    run.begin()

    assert run.faults == [(run.started_at, float("inf"), "scenario ack/lost")]


def test_a_payout_is_started_and_read_as_one_and_no_ledger_is_asked() -> None:
    shop = FakeShop(views=[PENDING, PAID], ledger=LedgerView(credits=2))
    order = replace(ORDER, kind=PaymentKind.PAYOUT)

    ended = Checkout(shop=shop, tally=Tally(), clock=FakeClock(), patience_s=30.0).pay(order)

    assert (ended.outcome, ended.receipt, ended.credits) == (PaymentOutcome.SETTLED, "UJ1", None)


def paid(shop: FakeShop, *, patience_s: float = 30.0) -> tuple[LoadPayment, Tally, FakeClock]:
    clock, tally = FakeClock(), Tally()
    ended = Checkout(shop=shop, tally=tally, clock=clock, patience_s=patience_s, user="0/1").pay(ORDER)
    return ended, tally, clock


def test_a_paid_payment_settles_after_the_time_it_took() -> None:
    ended, tally, _clock = paid(FakeShop(views=[PENDING, PENDING, PAID]))

    assert ended.outcome is PaymentOutcome.SETTLED
    assert ended.duration_s == pytest.approx(sum(islice(gaps(), 3)))
    assert (tally.started, tally.acknowledged, tally.settled) == (1, 1, 1)


def test_looks_at_a_payment_grow_apart_up_to_two_seconds() -> None:
    waits = list(islice(gaps(), 30))

    assert waits[0] == 0.2
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[-1] == 2.0


def test_a_payment_that_stays_pending_is_stuck_when_patience_ends() -> None:
    ended, tally, clock = paid(FakeShop(views=[PENDING]), patience_s=20.0)

    assert ended.outcome is PaymentOutcome.STUCK
    assert ended.duration_s == pytest.approx(20.0)
    assert ended.reason == "shown as pending after 20 s"
    assert len(clock.slept) < 25
    assert tally.stuck == 1


REFUSALS = [
    (Started(accepted=False, status=503, payment_id=None, message="Try later"), "HTTP 503: Try later"),
    (
        Started(accepted=False, status=None, payment_id=None, error="connection refused"),
        "no answer: connection refused",
    ),
    (
        Started(accepted=True, status=200, payment_id=None, message="Sorry"),
        "no payment id in the answer: Sorry",
    ),
]


@pytest.mark.parametrize(("started", "reason"), REFUSALS)
def test_an_order_that_is_not_taken_is_refused_with_its_reason(started: Started, reason: str) -> None:
    ended, tally, _ = paid(FakeShop(started))

    assert (ended.outcome, ended.reason) == (PaymentOutcome.REFUSED, reason)
    assert (tally.acknowledged, tally.failed) == (0, 1)


@pytest.mark.parametrize("state", [PaymentState.FAILED, PaymentState.REVIEW])
def test_a_payment_that_ends_unpaid_is_failed(state: PaymentState) -> None:
    ended, _, _ = paid(FakeShop(views=[StatusView(state=state, raw_state="X", message="Sorry", http_status=200)]))

    assert (ended.outcome, ended.reason) == (PaymentOutcome.FAILED, f"shown as {state}: Sorry")


TWICE = [
    FakeShop(ledger=LedgerView(credits=2, total=350.0)),
    FakeShop(ledger=LedgerView(credits=1, total=700.0)),
    FakeShop(views=[StatusView(state=PaymentState.PAID, raw_state="PAID", credited=700.0)]),
]


@pytest.mark.parametrize("shop", TWICE, ids=["two credits", "double total", "double credited"])
def test_a_payment_credited_twice_is_seen_in_ledger_or_status(shop: FakeShop) -> None:
    ended, tally, _ = paid(shop)

    assert ended.outcome is PaymentOutcome.CREDITED_TWICE
    assert tally.credited_twice == 1


def test_one_credit_of_the_right_sum_is_settled() -> None:
    ended, _, _ = paid(FakeShop(ledger=LedgerView(credits=1, total=350.0)))

    assert ended.outcome is PaymentOutcome.SETTLED


def test_a_user_stopped_half_way_leaves_a_stuck_payment() -> None:
    class Stopping(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    tally, ends = Tally(), list[LoadPayment]()
    checkout = Checkout(shop=FakeShop(), tally=tally, clock=Stopping(), patience_s=9.0, on_end=ends.append)

    with pytest.raises(KeyboardInterrupt):
        checkout.pay(ORDER)

    assert [ended.outcome for ended in ends] == [PaymentOutcome.STUCK]
    assert (tally.started, tally.stuck) == (1, 1)


def test_reasons_that_differ_only_in_numbers_are_counted_together() -> None:
    assert brief("HTTP 500", "payment 10017 of\n254790000001 failed") == "HTTP 500: payment # of # failed"


def touched(shop: FakeShop, *, began: float, until: float, planned: float | None = None) -> tuple[LoadPayment, Tally]:
    """Paid while the shape's trouble was on from `began` to `until`; the click is at 1000."""
    clock, tally = FakeClock(), Tally()
    checkout = Checkout(
        shop=shop, tally=tally, clock=clock, patience_s=30.0, user="0/1",
        disturbed=lambda begin, end: began <= end and begin < until,
    )  # fmt: skip
    return checkout.pay(ORDER, planned=planned), tally


def test_a_payment_that_was_under_way_when_the_trouble_began_is_shown_and_not_judged() -> None:
    ended, tally = touched(FakeShop(views=[PENDING] * 8 + [PAID]), began=1_002.0, until=1_005.0)

    assert (ended.outcome, ended.disturbed) == (PaymentOutcome.SETTLED, True)
    assert (tally.latencies.count(Span.DISTURBED), tally.latencies.count(Span.SETTLED)) == (1, 0)
    assert tally.seconds[int(ended.at)].settled == 1
    assert windowed(tally, Thresholds(payment_p95_s=0.1), until=int(ended.at) + 1, window_s=1) == ()


def test_a_refusal_counts_as_turned_away_in_a_trouble_and_silence_does_not() -> None:
    refused = Started(accepted=False, status=503, payment_id=None)
    silent = Started(accepted=False, status=None, payment_id=None, error="timed out")

    assert touched(FakeShop(refused), began=999.0, until=1_001.0)[0].outcome is PaymentOutcome.TURNED_AWAY
    assert touched(FakeShop(silent), began=999.0, until=1_001.0)[0].outcome is PaymentOutcome.REFUSED
    assert touched(FakeShop(refused), began=900.0, until=950.0)[0].outcome is PaymentOutcome.REFUSED


def test_a_late_start_counts_from_when_it_was_planned_in_every_figure_that_is_judged() -> None:
    ended, tally = touched(FakeShop(), began=0.0, until=0.0, planned=993.0)

    assert ended.late_s == 7.0
    assert tally.percentile_s(100) == pytest.approx(7.2, rel=0.01)
    assert tally.latencies.percentile_s(Span.SETTLED_FROM_REAL, 100) == pytest.approx(0.2, rel=0.01)
    assert list(tally.seconds[int(ended.at)].latencies) == [pytest.approx(7.2)]
