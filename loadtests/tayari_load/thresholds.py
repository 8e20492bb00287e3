"""The target file's thresholds, judged on settled payments: a threshold without samples is never a pass."""

from __future__ import annotations

from dataclasses import dataclass

from tayari.target.model import Thresholds
from tayari_reports.model import Threshold

from tayari_load.outcome import Outcome, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the reading of a load run depends on besides the payments."""

    users: int
    """Most users at once."""
    generator_saturated: bool = False
    """The load generator was short of CPU, so a long latency may be its own."""


def judge(tally: Tally, limits: Thresholds, circumstances: Circumstances) -> tuple[Threshold, ...]:
    """The four thresholds, always all of them, in the order of the rules P01 to P04.

    `met` is None where the run cannot answer: no samples, fewer users than the threshold asks for, or a latency
    measured by a generator that was itself too slow.
    """
    return (
        _payment_p95(tally, limits, circumstances),
        _success_rate(tally, limits),
        _failure_rate(tally, limits),
        _concurrent_users(tally, limits, circumstances),
    )


def _payment_p95(tally: Tally, limits: Thresholds, circumstances: Circumstances) -> Threshold:
    measured = tally.percentile_s(95)
    met = None if measured is None else measured < limits.payment_p95_s
    if met is False and circumstances.generator_saturated:
        met = None
    return Threshold(
        name="payment_p95_s", limit=limits.payment_p95_s, measured=measured, unit="s", samples=tally.settled, met=met
    )


def _success_rate(tally: Tally, limits: Thresholds) -> Threshold:
    """Settled and credited once, of all that were started: a stuck payment is no success."""
    measured = tally.ended[Outcome.SETTLED] / tally.started if tally.started else None
    return Threshold(
        name="success_rate",
        limit=limits.success_rate,
        measured=measured,
        unit="of payments",
        samples=tally.started,
        met=None if measured is None else measured >= limits.success_rate,
    )


def _failure_rate(tally: Tally, limits: Thresholds) -> Threshold:
    """Refused, failed or credited twice, of all that were started."""
    wrong = tally.failed + tally.credited_twice
    measured = wrong / tally.started if tally.started else None
    return Threshold(
        name="failure_rate",
        limit=limits.failure_rate,
        measured=measured,
        unit="of payments",
        samples=tally.started,
        met=None if measured is None else measured < limits.failure_rate or measured == 0,
    )


def _concurrent_users(tally: Tally, limits: Thresholds, circumstances: Circumstances) -> Threshold:
    """Users who were there at once and were served: at least one payment of each settled."""
    asked_enough = circumstances.users >= limits.concurrent_users
    served = min(circumstances.users, len(tally.served))
    return Threshold(
        name="concurrent_users",
        limit=float(limits.concurrent_users),
        measured=float(served) if tally.started else None,
        unit="users",
        samples=tally.started,
        met=served >= limits.concurrent_users if asked_enough and tally.started else None,
    )
