"""Lets what is due happen: one timer for the whole agenda, armed for its next moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tayari_simulator.clock import Clock
from tayari_simulator.core.agenda import NEVER
from tayari_simulator.core.behaviour import Delivery
from tayari_simulator.core.daraja import Daraja
from tayari_simulator.http.background import Failures

A_TURN: Final = 256
"""So many plans happen in one turn of the event loop; then calls get their turn too."""


class Pump:
    """Fires plans as the clock reaches them. A manual clock is moved by `advance` of the simulator, not by a timer."""

    def __init__(
        self,
        clock: Clock,
        daraja: Daraja,
        send: Callable[[Delivery], None],
        happened: Callable[[], None],
        failures: Failures,
    ) -> None:
        self._clock = clock
        self._daraja = daraja
        self._send = send
        self._happened = happened
        self._failures = failures
        self._timer: asyncio.Handle | None = None
        self._closed = False
        self.armed_s = NEVER
        """The moment that the timer waits for; `NEVER` when it is not armed."""

    def arm(self) -> None:
        """Make sure that the next plan is waited for."""
        next_s = self._daraja.next_due_s()
        if next_s >= self.armed_s or self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        if next_s <= self._clock.now_s():
            self._timer = loop.call_soon(self._fire)
        elif self._clock.manual:
            return
        else:
            self._timer = loop.call_at(self._clock.monotonic_at(next_s), self._fire)
        self.armed_s = next_s

    def fire(self, now_s: float, at_most: int = A_TURN) -> int:
        """Let what is due at `now_s` happen, `at_most` so many plans; returns how many did."""
        daraja, fired = self._daraja, 0
        while fired < at_most and daraja.next_due_s() <= now_s:
            for delivery in daraja.due(now_s):
                self._send(delivery)
            fired += 1
        if fired:
            self._happened()
        return fired

    def close(self) -> None:
        """No more timers, whoever asks: what falls due after this is the next process's."""
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
