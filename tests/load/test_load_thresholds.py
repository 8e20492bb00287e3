"""Thresholds: met, missed, and never met by the absence of payments."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from load_payments import ended
from tayari_load.statistics.payments import PaymentOutcome
from tayari_load.statistics.tally import SecondTally, Tally
from tayari_load.statistics.thresholds import Circumstances, judge, windowed
from tayari_target.target_file.target_model import Thresholds

LIMITS = Thresholds(payment_p95_s=10.0, success_rate=0.95, failure_rate=0.05, concurrent_users=4)
FOUR_USERS = Circumstances(users=4)


def tally_of(settled: int = 0, failed: int = 0, stuck: int = 0, twice: int = 0, latency_s: float = 1.0) -> Tally:
    tally = Tally()
    ends = (
        [PaymentOutcome.SETTLED] * settled + [PaymentOutcome.FAILED] * failed + [PaymentOutcome.CREDITED_TWICE] * twice
    )
    for number, outcome in enumerate(ends):
        tally.start(0.0)
        tally.end(ended(outcome=outcome, at=1.0, duration_s=latency_s, user=str(number % 4)))
    for _ in range(stuck):
        tally.start(0.0)
    return tally


def met(tally: Tally, circumstances: Circumstances = FOUR_USERS, limits: Thresholds = LIMITS) -> dict[str, bool | None]:
    return {threshold.name: threshold.met for threshold in judge(tally, limits, circumstances)}


CASES = [
    ("all settled in time", tally_of(settled=100), (True, True, True, True)),
    ("settled too late", tally_of(settled=100, latency_s=10.1), (False, True, True, True)),
    ("four of a hundred failed", tally_of(settled=96, failed=4), (True, True, True, True)),
    ("five of a hundred failed: not under five percent", tally_of(settled=95, failed=5), (True, True, False, True)),
    ("six of a hundred stuck: no success, no failure", tally_of(settled=94, stuck=6), (True, False, True, True)),
    ("six of a hundred credited twice", tally_of(settled=94, twice=6), (True, False, False, True)),
    ("nothing settled", tally_of(failed=10), (None, False, False, False)),
    ("one user never served, and too few for a percentile", tally_of(settled=3), (None, True, True, False)),
]


@pytest.mark.parametrize(("tally", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_thresholds_follow_the_settled_payments(tally: Tally, expected: tuple[bool | None, ...]) -> None:
    assert tuple(met(tally).values()) == expected


def test_without_payments_no_threshold_is_met() -> None:
    judged = judge(Tally(), LIMITS, FOUR_USERS)

    assert [(threshold.measured, threshold.met, threshold.samples) for threshold in judged] == [(None, None, 0)] * 4


def test_a_run_with_fewer_users_than_asked_for_does_not_judge_the_users() -> None:
    assert met(tally_of(settled=50), Circumstances(users=3))["concurrent_users"] is None


def test_a_doubtful_run_neither_blames_nor_praises_the_merchant() -> None:
    doubtful = Circumstances(users=4, doubts=("a worker was lost",))
    judged = judge(tally_of(settled=40, latency_s=1.0), LIMITS, doubtful)

    assert [(row.met, row.reason) for row in judged] == [(None, "a worker was lost")] * 4
    assert all(row.measured is not None for row in judged)


def test_a_slow_fake_excuses_a_missed_threshold_and_spoils_no_kept_one() -> None:
    beside = Circumstances(users=4, excuses=("the fake Daraja was near its limit",))
    found = judge(tally_of(settled=100, latency_s=10.1), LIMITS, beside)

    assert [row.met for row in found] == [None, True, True, True]
    assert found[0].reason == "the fake Daraja was near its limit"


def test_a_percentile_needs_its_samples() -> None:
    few, enough = (judge(tally_of(settled=number), LIMITS, FOUR_USERS)[0] for number in (19, 20))

    assert (few.met, few.reason) == (None, "a 95th percentile needs 20 settled payments, and there were 19")
    assert enough.met is True


def test_payments_that_were_declined_or_turned_away_count_for_nothing() -> None:
    tally = tally_of(settled=40)
    for outcome in (PaymentOutcome.DECLINED, PaymentOutcome.TURNED_AWAY):
        for _ in range(30):
            tally.start(0.0)
            tally.end(ended(outcome=outcome, at=1.0, duration_s=1.0))

    judged = {row.name: (row.measured, row.samples) for row in judge(tally, LIMITS, FOUR_USERS)}
    assert judged["success_rate"] == (1.0, 40)
    assert judged["failure_rate"] == (0.0, 40)


def seconds(*rows: tuple[int, float, int]) -> dict[int, SecondTally]:
    """Epoch second, latency of its 5 settled payments, failures."""
    return {at: SecondTally(5, array("d", [latency_s] * 5), failed) for at, latency_s, failed in rows}


def test_a_threshold_missed_in_three_windows_in_a_row_is_missed_for_good() -> None:
    slow = seconds(*((at, 12.0, 0) for at in range(100, 130)))
    recovered = {**slow, **seconds(*((at, 1.0, 0) for at in range(120, 130)))}

    assert windowed(Tally(seconds=slow), LIMITS, until=130) == ("payment_p95_s",)
    assert windowed(Tally(seconds=recovered), LIMITS, until=130) == ()
    assert windowed(Tally(), LIMITS, until=130) == ()


def test_failures_and_stuck_payments_are_seen_in_windows_too() -> None:
    failing = seconds(*((at, 1.0, 1) for at in range(100, 130)))

    assert windowed(Tally(seconds=failing), LIMITS, until=130) == ("failure_rate", "success_rate")


def test_a_failure_rate_of_zero_can_be_asked_for_and_kept() -> None:
    none = replace(LIMITS, failure_rate=0.0)

    assert met(tally_of(settled=10), limits=none)["failure_rate"] is True
    assert met(tally_of(settled=10, failed=1), limits=none)["failure_rate"] is False
