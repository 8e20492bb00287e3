"""When to try again: pushes that were refused, queries that had nothing to say, and how many queries in all."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator

from records import Ack, AckKind
from settings import Settings


class PushRetries:
    """Refused for now: try again a little later, each time clearly later than before, then stop."""

    tries = 3
    first_gap_s = 0.5
    growth = 2.2
    jitter = 0.2
    """Up to so much longer, so that a thousand shops do not come back at the same moment."""

    def gaps_s(self) -> Iterator[float]:
        """The pauses between tries; as many as there are second chances."""
        for number in range(self.tries - 1):
            yield self.first_gap_s * self.growth**number * random.uniform(1.0, 1.0 + self.jitter)

    def worth_it(self, ack: Ack) -> bool:
        """Only what certainly did not happen may be sent again."""
        return ack.kind is AckKind.BUSY


class QueryGaps:
    """Silence: ask M-Pesa, and leave twice as long between two questions each time."""

    growth = 2.0
    jitter = 0.1

    def __init__(self, settings: Settings) -> None:
        self.first_s = settings.reconcile_first_s

    def gaps_s(self) -> Iterator[float]:
        """The pauses before each query, without end."""
        number = 0
        while True:
            yield self.first_s * self.growth**number * random.uniform(1.0, 1.0 + self.jitter)
            number += 1


class QueryBudget:
    """So many queries a minute for the whole process, and fewer when Daraja says it is too much."""

    most_hold_s = 30.0

    def __init__(self, settings: Settings) -> None:
        per_minute = settings.queries_per_minute
        self._burst = max(1.0, per_minute // 10)
        self._refill_per_s = max(per_minute - self._burst, per_minute / 2) / 60
        self._left = self._burst
        self._counted_at = time.monotonic()
        self._hold_s = 0.0
        self._held_until = 0.0
        self._in_line = asyncio.Lock()

    async def take(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait for one's turn. False: nobody wants the query any more, and it is left to the next in line."""
        async with self._in_line:
            while is_wanted():
                if (wait_s := self._wait_s()) <= 0:
                    self._left -= 1
                    return True
                await asyncio.sleep(wait_s)
            return False

    def heard(self, *, too_fast: bool) -> None:
        """After each answer: a 429 holds everybody back, twice as long each time in a row."""
        self._hold_s = min(max(1.0, self._hold_s * 2), self.most_hold_s) if too_fast else 0.0
        self._held_until = time.monotonic() + self._hold_s

    def _wait_s(self) -> float:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._refill_per_s)
        self._counted_at = now
        return max(self._held_until - now, (1 - self._left) / self._refill_per_s)
