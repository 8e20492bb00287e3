"""The tally: counts, percentiles, timeline, and adding up workers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from load_payments import ended
from tayari_load.results.summary import ended as ended_by_kind
from tayari_load.results.summary import funnels
from tayari_load.statistics.latencies import LONGEST_S
from tayari_load.statistics.payments import PaymentOutcome
from tayari_load.statistics.tally import SecondTally, Tally
from tayari_money.payment_record import PaymentKind


def tally_of(*ends: tuple[PaymentOutcome, float]) -> Tally:
    tally = Tally()
    for number, (outcome, duration_s) in enumerate(ends):
        tally.start(100.0)
        tally.end(ended(outcome=outcome, at=101.5, duration_s=duration_s, reason="why", user=f"0/{number}"))
    return tally


def test_a_payment_without_an_end_is_stuck() -> None:
    tally = tally_of((PaymentOutcome.SETTLED, 1.0), (PaymentOutcome.REFUSED, 0.1), (PaymentOutcome.FAILED, 2.0))
    tally.start(102.0)

    assert (tally.started, tally.settled, tally.failed, tally.stuck) == (4, 1, 2, 1)


def test_a_payment_credited_twice_counts_as_settled_and_is_named() -> None:
    tally = tally_of((PaymentOutcome.CREDITED_TWICE, 1.0))

    assert (tally.settled, tally.credited_twice, tally.stuck) == (1, 1, 0)
    assert tally.reasons == {"credited twice: why": 1}


def test_percentiles_are_those_of_settled_payments_only() -> None:
    tally = tally_of(*((PaymentOutcome.SETTLED, n / 10) for n in range(1, 101)), (PaymentOutcome.FAILED, 500.0))

    assert tally.percentile_s(50) == pytest.approx(5.0, rel=0.002)
    assert tally.percentile_s(95) == pytest.approx(9.5, rel=0.002)


def test_each_kind_of_money_has_a_funnel_of_its_own() -> None:
    payments = [
        ended(outcome=outcome) for outcome in (PaymentOutcome.SETTLED, PaymentOutcome.FAILED, PaymentOutcome.DECLINED)
    ]
    sent = [replace(one, order=replace(one.order, kind=PaymentKind.PAYOUT)) for one in payments[:2]]

    assert funnels(ended_by_kind(payments)) == ()
    paid_in, paid_out = funnels(ended_by_kind([*payments, *sent]))
    assert (paid_in.kind, paid_in.started, paid_in.settled, paid_in.failed, paid_in.excused) == (
        "STK payments", 3, 1, 1, 1
    )  # fmt: skip
    assert (paid_out.kind, paid_out.started, paid_out.settled, paid_out.failed, paid_out.stuck) == (
        "payouts", 2, 1, 1, 0
    )  # fmt: skip


def test_without_a_settled_payment_there_is_no_percentile() -> None:
    assert tally_of((PaymentOutcome.FAILED, 1.0)).percentile_s(95) is None


def test_a_latency_beyond_the_histograms_end_is_kept_at_its_end() -> None:
    tally = tally_of((PaymentOutcome.SETTLED, LONGEST_S * 3.0))

    assert tally.percentile_s(95) == pytest.approx(LONGEST_S, rel=0.002)


def test_a_seconds_95th_percentile_is_its_nearest_rank() -> None:
    second = SecondTally()
    second.latencies.extend(float(n) for n in range(1, 21))

    assert second.p95_s == 19.0
    assert SecondTally().p95_s is None


def test_workers_add_up_to_what_one_process_would_have_seen() -> None:
    one = tally_of((PaymentOutcome.SETTLED, 1.0), (PaymentOutcome.FAILED, 2.0))
    other = tally_of((PaymentOutcome.SETTLED, 3.0), (PaymentOutcome.CREDITED_TWICE, 4.0))
    master = Tally()
    for worker in (one, other):
        master.add(Tally.from_wire(worker.take()))

    assert (master.started, master.settled, master.failed, master.credited_twice) == (4, 3, 1, 1)
    assert master.percentile_s(100) == pytest.approx(4.0, rel=0.002)
    assert sorted(master.seconds[101].latencies) == [1.0, 3.0, 4.0]
    assert master.seconds[100].started == 4


def test_what_was_reported_is_not_reported_again() -> None:
    tally = tally_of((PaymentOutcome.SETTLED, 1.0))
    tally.take()

    assert tally.take()["started"] == 0
    assert tally.percentile_s(95) is None


def test_an_excused_payment_is_no_reason_of_a_failure() -> None:
    tally = tally_of((PaymentOutcome.FAILED, 1.0), (PaymentOutcome.FAILED, 1.0))

    tally.excuse(ended(outcome=PaymentOutcome.FAILED, at=101.5, reason="why"), PaymentOutcome.DECLINED)

    assert (tally.failed, tally.excused) == (1, 1)
    assert tally.reasons == {"failed: why": 1, "declined: why": 1}
