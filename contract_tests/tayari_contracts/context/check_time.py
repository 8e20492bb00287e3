"""The time limits of one check: how long it waits, and by when the merchant must have done what it promises.

A merchant that limits its own status queries makes checks wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Final, TypeVar

from tayari_contracts.context.evidence import Evidence
from tayari_contracts.context.run_record import RunRecord

POLITE: Final = 12
"""A limit of so many queries a minute or fewer makes checks wait. Daraja's sandbox lets five through."""
FEW_PAYMENTS: Final = 5
"""With queries about fewer payments no limit can be learned."""
LEARNED_S: Final = 30.0
"""With queries over a shorter time no limit can be learned."""
QUIET: Final = 1.5
"""A merchant has no queries left to make after so many of its usual pauses without one."""


def polite(limit: float | None) -> float | None:
    """The limit (queries a minute), if it is so low that checks mostly wait for queries; else None."""
    return limit if limit is not None and limit <= POLITE else None


def spacing_s(limit: float) -> float:
    """Seconds between two queries of a merchant that uses its whole limit (queries a minute).

    A merchant that never makes more than five within any minute makes the first at once, and then four a minute.
    """
    return 60.0 / max(1.0, limit - 1.0)


def is_quiet(times_s: Iterable[float], limit: float) -> bool:
    """Whether the merchant has made all its waiting queries. `times_s`: when it made earlier ones, epoch seconds."""
    return time.time() - max(times_s, default=0.0) >= QUIET * spacing_s(limit)


def own_limit(queries: Sequence[tuple[float, str]]) -> int | None:
    """The merchant's own limit of status queries a minute, learned from those that it made; None: none shows.

    `queries`: when (epoch seconds), and for which CheckoutRequestID.
    """
    times_s = [at_s for at_s, _ in queries]
    payments = {checkout_request_id for _, checkout_request_id in queries}
    if len(payments) < FEW_PAYMENTS or max(times_s) - min(times_s) < LEARNED_S:
        return None
    busiest = most_in(times_s, 60.0)
    return busiest if busiest <= POLITE else None


def most_in(times_s: Sequence[float], window_s: float) -> int:
    """The most calls in any window of this length; `times_s`: when they came."""
    ordered = sorted(times_s)
    return max(
        (sum(1 for time_s in ordered[place:] if time_s - first_s < window_s) for place, first_s in enumerate(ordered)),
        default=0,
    )


T = TypeVar("T")

SOON_S: Final = 0.1
"""The pause before a look right after an answered callback: many merchants store it, or query, a moment later."""

SETTLE_S: Final = 10.0
"""A callback that was answered shows in the merchant's state within this time."""

GRACE_S: Final = 2.0
"""Seconds beyond the promised time, for the result itself and for reading the merchant's state."""

CALLBACK_WAIT_S: Final = 33.0
"""By then a callback was answered or given up: the simulator waits 30 s for the merchant's answer."""

LIMIT_S: Final = 90.0
"""Seconds that a check, or a control, may take besides the merchant's own promised times."""

QUEUE: Final = 8
"""This many queries of other checks may wait before one of this check."""

QUEUE_MOST_S: Final = 60.0
"""The longest time that is allowed for them."""

SLOW_S: Final = 20.0
"""An answered callback may wait at least this long in a merchant's own queue before its outcome is judged."""


class CheckTime:
    """Waits for one check, until its deadline or the end of the run. Its limits follow from the merchant's promises."""

    def __init__(self, *, deadline: float, stop: Event, run: RunRecord, evidence: Evidence) -> None:
        self.stop = stop
        self._deadline = deadline
        self._promises = run.profile.merchant.promises
        self._run = run
        self._evidence = evidence
        self.settle_s = SETTLE_S if run.profile.takes_callbacks else max(SETTLE_S, self.reconcile_s + GRACE_S)
        """Within this time the merchant's state shows a result: by its callback, or else by the next query."""
        self.slow_s = SLOW_S
        """Within this time a merchant that takes callbacks from a slow queue has dealt with one."""

    @property
    def remains(self) -> bool:
        """Whether this check may go on waiting."""
        return time.monotonic() < self._deadline and not self.stop.is_set()

    @property
    def left_s(self) -> float:
        """Seconds until the check's deadline; at least 0.05."""
        return max(0.05, self._deadline - time.monotonic())

    @property
    def reconcile_s(self) -> float:
        """Seconds within which the merchant promises to settle a payment whose callback never came."""
        return self._promises.reconcile_within_s

    @property
    def queue_s(self) -> float:
        """Extra seconds for a merchant that limits its own queries, while it asks about other payments too.

        A promised limit allows for the payments of other checks. With a learned limit the check runs alone, so only
        its own payments wait for each other.
        """
        limit = self._run.queries_per_minute
        if limit is None:
            return 0.0
        promised = self._promises.queries_per_minute is not None
        before = QUEUE if promised else 2 * (len(self._evidence.payments) - 1)
        return min(QUEUE_MOST_S, max(0, before) * spacing_s(limit))

    @property
    def settled_s(self) -> float:
        """Seconds until a payment with a genuine callback is settled, even if the merchant asks Daraja first."""
        if self._run.silence.found:
            return self.patience_s
        return max(self.settle_s, self.reconcile_s + GRACE_S) + self.queue_s

    @property
    def patience_s(self) -> float:
        """Seconds that a payment without callback may stay unsettled. No check waits for a merchant that never asks."""
        if self._run.silence.found:
            return max(self.settle_s, self.slow_s)  # a callback may still wait in the merchant's own queue
        return self.reconcile_s + GRACE_S + self.queue_s

    @property
    def slow_queue_s(self) -> float:
        """Seconds until even a merchant that takes its callbacks from a slow queue has dealt with one."""
        return max(self.slow_s, self.settled_s)

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, until the check's deadline or the end of the run at most."""
        self.stop.wait(max(0.0, min(seconds, self.left_s)))

    def until(self, look: Callable[[], T], *, within_s: float, pause: Callable[[float], object] | None = None) -> T:
        """Call `look` until it returns something true, or time is up. Returns what it returned last.

        The pauses between the calls grow. `pause`: waits at most its argument, in seconds. It ends earlier, and returns
        true, when a look may be useful; then the next call follows soon.
        """
        end = time.monotonic() + min(within_s, self.left_s)
        pause_s, growth = (0.05, 1.4) if pause is None else (0.5, 4.0)
        while True:
            found = look()
            if found or time.monotonic() >= end or self.stop.is_set():
                return found
            is_useful = (pause or self.stop.wait)(min(pause_s, max(0.01, end - time.monotonic())))
            pause_s = SOON_S if is_useful else min(0.5, pause_s * growth)
