"""The end of a simulator: what is due soon still happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from tayari_simulator.clock import Clock
from tayari_simulator.core.agenda import NEVER
from tayari_simulator.core.daraja import Daraja

LOOK_S: Final = 0.01


async def drained(daraja: Daraja, clock: Clock, in_flight: Callable[[], int], within_s: float) -> None:
    """Wait until nothing is on its way and nothing falls due before `within_s` real seconds are over."""
    end = time.monotonic() + within_s
    while time.monotonic() < end and (in_flight() or _due_at(daraja, clock) < end):
        await asyncio.sleep(LOOK_S)


def _due_at(daraja: Daraja, clock: Clock) -> float:
    """The `time.monotonic()` of the next plan; a manual clock never reaches it by itself."""
    due_s = daraja.next_due_s()
    if due_s == NEVER or (clock.manual and due_s > clock.now_s()):
        return NEVER
    return 0.0 if clock.manual else clock.monotonic_at(due_s)
