"""Moving a manual clock: from one due moment to the next, so that each thing happens at its own time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from tayari_simulator.clock import MOST_S, Clock
from tayari_simulator.core.agenda import NEVER
from tayari_simulator.core.daraja import Daraja
from tayari_simulator.http.pump import Pump

ANSWER_S: Final = 5.0
"""After each moment the merchant's answers are waited for, this many real seconds at most."""
LOOK_S: Final = 0.002
MOST_MOMENTS: Final = 1_000_000


class ClockIsReal(Exception):
    """`advance` was asked of a clock that cannot be moved."""


class Advancing:
    """The three ways to move a manual clock."""

    def __init__(self, clock: Clock, daraja: Daraja, pump: Pump, in_flight: Callable[[], int]) -> None:
        self._clock = clock
        self._daraja = daraja
        self._pump = pump
        self._in_flight = in_flight

    async def move(self, *, by_s: float | None, to_next: bool, until_idle: bool) -> int:
        """Move it in exactly one of the three ways; returns how many plans fired.

        Raises:
            ClockIsReal: it runs by itself.
            ValueError: none of the three, more than one, or a time after 2100.
        """
        if (by_s is not None) + to_next + until_idle != 1:
            raise ValueError("expected exactly one of by_s, to_next and until_idle")
        self.check()
        if by_s is not None and self._clock.now_s() + by_s > MOST_S:
            raise ValueError(f"by_s {by_s:g} moves the clock beyond the year 2100; move it by less")
        if by_s is not None:
            return await self.by(by_s)
        return await (self.to_next() if to_next else self.until_idle())

    async def by(self, seconds: float) -> int:
        """Move it by so many seconds; returns how many plans fired."""
        end_s = self._clock.now_s() + seconds
        fired = await self._through(end_s, MOST_MOMENTS)
        self._clock.move_to(end_s)
        return fired

    async def to_next(self) -> int:
        """Move it to the next due moment, if there is one."""
        return await self._through(NEVER, 1)

    async def until_idle(self) -> int:
        """Move it until nothing is planned any more."""
        return await self._through(NEVER, MOST_MOMENTS)

    def place(self, when_s: float) -> None:
        """Move it without letting anything happen: the other processes go first."""
        self._pump.stop()
        self._clock.move_to(when_s)

    async def fire(self) -> int:
        """Let happen what is due now; returns how many plans fired."""
        fired = 0
        while some := self._pump.fire(self._clock.now_s()):
            fired += some
        await self._answers()
        return fired

    def check(self) -> None:
        """Raise ClockIsReal unless the clock is manual."""
        if not self._clock.manual:
            raise ClockIsReal(f"the clock is {self._clock.name}; start the simulator with --clock manual to move it")

    async def _through(self, end_s: float, moments: int) -> int:
        self._pump.stop()
        fired = 0
        while moments > 0 and (next_s := self._daraja.next_due_s()) <= end_s and next_s < NEVER:
            self._clock.move_to(next_s)
            fired += await self.fire()
            moments -= 1
        return fired

    async def _answers(self) -> None:
        end = time.monotonic() + ANSWER_S
        while self._in_flight() and time.monotonic() < end:
            await asyncio.sleep(LOOK_S)
