"""The simulator watches itself: its event loop, its memory, garbage collection, and failures of background work."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from tayari_simulator.config import A_PAYMENT_BYTES, Config

EVERY_S: Final = 0.01
KEPT: Final = 6_000
"""The lags of the last minute."""
LONGEST_LOGGED: Final = 10
"""So many failures of one piece of work are logged with their traceback; all are counted."""
OBJECTS: Final = 14
"""About so many objects that can be part of a cycle live for each payment that is remembered."""
LEAST: Final = 200_000
log = logging.getLogger(__name__)


class Failures:
    """How often each piece of background work has failed. Any thread may note a failure."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, name: str) -> None:
        """Count the exception that is being handled."""
        self._counts[name] += 1
        if self._counts[name] <= LONGEST_LOGGED:
            log.exception("a defect of the simulator, in %s; it goes on", name)

    @property
    def counts(self) -> dict[str, int]:
        """Failures by name."""
        return dict(self._counts)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self._counts.values())


async def repeat(name: str, step: Callable[[], None], every_s: float, failures: Failures) -> None:
    """Do a step every so many seconds, until cancelled. A step that raises is noted, and the next one comes."""
    while True:
        await asyncio.sleep(every_s)
        try:
            step()
        except Exception:  # noqa: BLE001 - the edge of a background task
            failures.note(name)


def collect_seldom(config: Config) -> None:
    """Call once, when all is set up: a search while serving comes only when memory grows beyond its bound.

    That can be cycles that somebody leaves behind, or a backlog of payments without a result.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(max(LEAST, config.journal_bytes // A_PAYMENT_BYTES * OBJECTS), 10, 100)


def collect_at_rest() -> None:
    """Nobody is served now: look at what has come since the last time that nobody was."""
    gc.collect(1)


class Monitor:
    """Always on; it costs less than can be measured."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None
        self._gc_began = 0.0
        self.longest_gc_s = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch())
        gc.callbacks.append(self._collected)

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            gc.callbacks.remove(self._collected)
            self._task = None

    def lag_p99_s(self) -> float:
        """The lag that 99 of 100 looks of the last minute stayed below."""
        lags = sorted(self._lags)
        return lags[int(len(lags) * 0.99)] if lags else 0.0

    def lag_p95_lately_s(self) -> float:
        """The lag that 95 of 100 looks of about the last second stayed below."""
        lags = sorted(list(self._lags)[-int(1 / EVERY_S) :])
        return lags[int(len(lags) * 0.95)] if lags else 0.0

    async def _watch(self) -> None:
        while True:
            planned = time.monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._lags.append(max(0.0, time.monotonic() - planned))

    def _collected(self, phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            self._gc_began = time.monotonic()
        else:
            self.longest_gc_s = max(self.longest_gc_s, time.monotonic() - self._gc_began)


def resident_bytes() -> int:
    """The memory that the process has now (its peak, where the system does not tell)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
