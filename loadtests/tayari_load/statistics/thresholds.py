"""The target file's thresholds, judged on settled payments: a threshold without samples is never a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tayari_reports.model import Threshold
from tayari_target.target_file.target_model import Thresholds

from tayari_load.statistics.latencies import Span, enough_for
from tayari_load.statistics.payments import PaymentOutcome
from tayari_load.statistics.tally import Tally

FEWER_USERS: Final = "the run had fewer users at once, so this was not judged; run it again with as many"
WINDOW_S: Final = 10
"""Seconds of a window, unless said otherwise."""
SUSTAINED: Final = 3
"""Windows in a row that must miss before a run is ended early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the reading of a load run depends on besides the payments."""

    users: int
    """Most users at once; in the open model, most payments in flight."""
    doubts: tuple[str, ...] = ()
    """Why performance cannot be judged: a busy generator, a lost worker, a rate that was not held."""
    excuses: tuple[str, ...] = ()
    """Why the fake or the machine may have been what was slow: that can only make a merchant look worse than it is."""


def judge(tally: Tally, limits: Thresholds, circumstances: Circumstances) -> tuple[Threshold, ...]:
    """The four thresholds, always all of them, in the order of the rules L01 to L04.

    `met` is None where the run cannot answer: no samples, too few for a percentile, fewer users than the threshold asks
    for, or a doubt about the run itself; `reason` says which.
    """
    found = (
        _payment_p95(tally, limits),
        _success_rate(tally, limits),
        _failure_rate(tally, limits),
        _concurrent_users(tally, limits, circumstances),
    )
    return tuple(_doubted(threshold, circumstances) for threshold in found)


def _payment_p95(tally: Tally, limits: Thresholds) -> Threshold:
    samples, measured = tally.latencies.count(Span.SETTLED), tally.percentile_s(95)
    few = 0 < samples < enough_for(95)
    return Threshold(
        name="payment_p95_s",
        limit=limits.payment_p95_s,
        measured=measured,
        unit="s",
        samples=samples,
        met=None if measured is None or few else measured < limits.payment_p95_s,
        reason=f"a 95th percentile needs {enough_for(95)} settled payments, and there were {samples}" if few else "",
    )


def _rate(name: str, limit: float, payments: int, tally: Tally, *, met: Callable[[float], bool]) -> Threshold:
    """The share of these payments in all that were started."""
    measured = payments / tally.counted if tally.counted else None
    return Threshold(
        name=name,
        limit=limit,
        measured=measured,
        unit="of payments",
        samples=tally.counted,
        met=None if measured is None else met(measured),
    )


def _success_rate(tally: Tally, limits: Thresholds) -> Threshold:
    """Settled and credited once: a stuck payment is no success."""
    limit, settled = limits.success_rate, tally.ended[PaymentOutcome.SETTLED]
    return _rate("success_rate", limit, settled, tally, met=lambda share: share >= limit)


def _failure_rate(tally: Tally, limits: Thresholds) -> Threshold:
    """Refused, failed or credited twice."""
    limit, failed = limits.failure_rate, tally.failed + tally.credited_twice
    return _rate("failure_rate", limit, failed, tally, met=lambda share: share < limit or share == 0)


def _concurrent_users(tally: Tally, limits: Thresholds, circumstances: Circumstances) -> Threshold:
    """Users who were there at once and were served: at least one payment of each settled."""
    asked_enough = circumstances.users >= limits.concurrent_users
    served = min(circumstances.users, len(tally.served))
    return Threshold(
        name="concurrent_users",
        limit=float(limits.concurrent_users),
        measured=float(served) if tally.counted else None,
        unit="users",
        samples=tally.counted,
        met=served >= limits.concurrent_users if asked_enough and tally.counted else None,
        reason="" if asked_enough or not tally.counted else FEWER_USERS,
    )


def _doubted(threshold: Threshold, circumstances: Circumstances) -> Threshold:
    """What a doubtful run measured is shown, and is neither passed nor failed.

    A threshold that was kept beside a slow fake is kept: the fake's slowness is in the figure, and no help.
    """
    reasons = (*circumstances.doubts, *(circumstances.excuses if threshold.met is False else ()))
    if not reasons or threshold.met is None:
        return threshold
    return replace(threshold, met=None, reason="; ".join(reasons))


def windowed(tally: Tally, limits: Thresholds, *, until: int, window_s: int = WINDOW_S) -> tuple[str, ...]:
    """The thresholds that were missed in each of the last `SUSTAINED` windows before this epoch second.

    A window without enough payments misses nothing: silence is no proof, and the end of the run will judge it.
    """
    ends = (until - number * window_s for number in range(SUSTAINED))
    missed = [_missed(tally.part(end - window_s, end), limits) for end in ends]
    return tuple(sorted(frozenset.intersection(*missed)))


def _missed(window: Tally, limits: Thresholds) -> frozenset[str]:
    rates = (_success_rate(window, limits), _failure_rate(window, limits)) if window.counted >= enough_for(95) else ()
    return frozenset(row.name for row in (_payment_p95(window, limits), *rates) if row.met is False)
