"""The simulator watches itself: how late its event loop is, how long garbage collection pauses, its memory."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from collections import deque
from typing import Any, Final

EVERY_S: Final = 0.01
KEPT: Final = 6_000
"""The lags of the last minute."""


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
