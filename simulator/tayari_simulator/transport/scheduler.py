"""Makes planned events happen at their time: one timer for all plans, moves of a manual clock, and the shutdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.clock import MOST_S, Clock
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.schedule import NEVER
from tayari_simulator.transport.monitor import Failures

A_TURN: Final = 256
"""How many plans happen in one turn of the event loop; then calls get their turn too."""
ANSWER_S: Final = 5.0
"""After each moment the merchant's answers are waited for, this many real seconds at most."""
LOOK_S: Final = 0.002
MOST_MOMENTS: Final = 1_000_000


class Scheduler:
    """Fires plans as the clock reaches them. A manual clock is moved by `advance` of the simulator, not by a timer."""

    def __init__(
        self,
        clock: Clock,
        daraja: Dispatcher,
        send: Callable[[Delivery], None],
        watchers: Sequence[Callable[[], None]],
        failures: Failures,
    ) -> None:
        """`watchers` are called when something has happened."""
        self._clock = clock
        self._daraja = daraja
        self._schedule = daraja.state.schedule
        self._send = send
        self._watchers = watchers
        self._failures = failures
        self._timer: asyncio.Handle | None = None
        self._closed = False
        self.armed_s = NEVER
        """The moment that the timer waits for; `NEVER` when it is not armed."""

    def arm(self) -> None:
        """Make sure that the next plan is waited for."""
        next_s = self._schedule.next_s
        if next_s >= self.armed_s or self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        if not self._clock.manual:
            self._timer = loop.call_at(self._clock.monotonic_at(next_s), self._fire)
        elif next_s <= self._clock.now_s():
            self._timer = loop.call_soon(self._fire)
        else:
            return
        self.armed_s = next_s

    def fire(self, now_s: float, at_most: int = A_TURN) -> int:
        """Make the plans due at `now_s` happen, up to `at_most` of them; returns how many did."""
        schedule, daraja, fired = self._schedule, self._daraja, 0
        while fired < at_most and schedule.next_s <= now_s:
            for delivery in daraja.due(now_s):
                self._send(delivery)
            fired += 1
        if fired:
            for watcher in self._watchers:
                watcher()
        return fired

    def close(self) -> None:
        """Set no more timers: the next process makes everything happen that is due after this."""
        self._closed = True
        self.stop()

    def stop(self) -> None:
        """No timer until the next `arm`."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self.armed_s = NEVER

    def _fire(self) -> None:
        self._timer = None
        self.armed_s = NEVER
        try:
            self.fire(self._clock.now_s())
        except Exception:  # noqa: BLE001 - the edge of a background task
            self._failures.note("the scheduler")
        self.arm()


class ClockIsReal(Exception):
    """`advance` was asked of a clock that cannot be moved."""


class ClockAdvance:
    """The three ways to move a manual clock."""

    def __init__(self, clock: Clock, daraja: Dispatcher, scheduler: Scheduler, in_flight: Callable[[], int]) -> None:
        self._clock = clock
        self._schedule = daraja.state.schedule
        self._scheduler = scheduler
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
        """Move it by a number of seconds; returns how many plans fired."""
        end_s = self._clock.now_s() + seconds
        fired = await self._fire_until(end_s, MOST_MOMENTS)
        self._clock.move_to(end_s)
        return fired

    async def to_next(self) -> int:
        """Move it to the next due moment, if there is one."""
        return await self._fire_until(NEVER, 1)

    async def until_idle(self) -> int:
        """Move it until nothing is planned any more."""
        return await self._fire_until(NEVER, MOST_MOMENTS)

    def place(self, when_s: float) -> None:
        """Move it without letting anything happen: the other processes go first."""
        self._scheduler.stop()
        self._clock.move_to(when_s)

    async def fire(self) -> int:
        """Let happen what is due now; returns how many plans fired."""
        fired = 0
        while some := self._scheduler.fire(self._clock.now_s()):
            fired += some
        await self._answers()
        return fired

    def check(self) -> None:
        """Raise ClockIsReal unless the clock is manual."""
        if not self._clock.manual:
            raise ClockIsReal(f"the clock is {self._clock.name}; start the simulator with --clock manual to move it")

    async def _fire_until(self, end_s: float, moments: int) -> int:
        self._scheduler.stop()
        fired = 0
        while moments > 0 and (next_s := self._schedule.next_s) <= end_s and next_s < NEVER:
            self._clock.move_to(next_s)
            fired += await self.fire()
            moments -= 1
        return fired

    async def _answers(self) -> None:
        end = time.monotonic() + ANSWER_S
        while self._in_flight() and time.monotonic() < end:
            await asyncio.sleep(LOOK_S)


async def drained(daraja: Dispatcher, clock: Clock, in_flight: Callable[[], int], within_s: float) -> None:
    """Wait until nothing is on its way and nothing falls due before `within_s` real seconds are over."""
    end = time.monotonic() + within_s
    while time.monotonic() < end and (in_flight() or _due_at(daraja, clock) < end):
        await asyncio.sleep(LOOK_S)


def _due_at(daraja: Dispatcher, clock: Clock) -> float:
    """The `time.monotonic()` of the next plan; a manual clock never reaches it by itself."""
    due_s = daraja.state.schedule.next_s
    if due_s == NEVER or (clock.manual and due_s > clock.now_s()):
        return NEVER
    return 0.0 if clock.manual else clock.monotonic_at(due_s)
