"""Whether a merchant on this machine was short of CPU because programs outside the run used it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from tayari_load.statistics.process_use import OFTEN

WAITED: Final = 0.25
"""Seconds that the merchant waited for a CPU in one second, from which its answers are late. Source: judgement."""
FOREIGN: Final = 0.2
"""Share of the machine's CPU from which programs outside the run count as the cause. Source: judgement."""
FEWEST: Final = 3
"""Samples that must be short before anything is said: one busy second moves no percentile."""


@dataclass(frozen=True, slots=True)
class CpuReading:
    """Totals since the machine started, in seconds of one core."""

    at: float
    """Seconds of a clock that only moves forward."""
    waited: float
    """How long the merchant's threads were ready to run and had no CPU."""
    run: float
    """CPU time of all processes of the run: simulator, merchant, load generator, suites."""
    machine: float
    """CPU time of all programs of this machine, and what other virtual machines took from it."""


@dataclass(slots=True)
class CpuShortage:
    """Compares readings, one a second. Where nothing can be read (no Linux, a merchant elsewhere) it never speaks."""

    read: Callable[[], CpuReading | None]
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    samples: int = 0
    short: int = 0
    """Samples in which the merchant waited, and programs outside the run used much."""
    most_foreign: float = 0.0
    """The largest share of the machine's CPU that programs outside the run used while the merchant waited."""
    _last: CpuReading | None = None

    def restart(self) -> None:
        """Forget what was seen; the next sample covers the time from now."""
        self.samples = self.short = 0
        self.most_foreign = 0.0
        self._last = self.read()

    def sample(self) -> None:
        """Take a reading and compare it with the one before."""
        before, now = self._last, self.read()
        self._last = now
        if before is None or now is None or now.at <= before.at:
            return
        took_s = now.at - before.at
        used = (now.machine - before.machine) - max(0.0, now.run - before.run)
        foreign = min(1.0, max(0.0, used / (took_s * self.cores)))
        self.samples += 1
        if (now.waited - before.waited) / took_s >= WAITED and foreign >= FOREIGN:
            self.short += 1
            self.most_foreign = max(self.most_foreign, foreign)

    @property
    def reason(self) -> str:
        """Why the merchant may have been slow through no fault of its own; empty where nothing speaks for that."""
        if self.short < FEWEST or self.short <= OFTEN * self.samples:
            return ""
        return (
            f"in {self.short} of {self.samples} seconds the merchant waited for a CPU, and programs outside this run "
            f"used up to {self.most_foreign:.0%} of the machine: run it again on a quiet machine"
        )


def reader_of(merchant: Callable[[], int | None]) -> Callable[[], CpuReading | None]:
    """Reads the process of this number with all that it started, and the run, which is what started the merchant.

    `merchant`: its process number now; None where Tayari did not start it.
    """

    def read() -> CpuReading | None:
        pid = merchant()
        if pid is None:
            return None
        try:
            first = psutil.Process(pid)
            parent = first.parent()
            if parent is None:
                return None
            waited = sum(_waited_s(process.pid) for process in [first, *first.children(recursive=True)])
            run = sum(_used_s(process) for process in [parent, *parent.children(recursive=True)])
        except (psutil.Error, OSError, ValueError, IndexError):
            return None
        busy = psutil.cpu_times()
        machine = busy.user + getattr(busy, "nice", 0.0) + busy.system + getattr(busy, "steal", 0.0)
        return CpuReading(at=time.perf_counter(), waited=waited, run=run, machine=machine)

    return read


def _waited_s(pid: int) -> float:
    """Of all its threads. Source: the second number of `schedstat`, in nanoseconds (Linux, scheduler/sched-stats)."""
    waited_ns = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread may end at any moment
            waited_ns += int(file.read_text(encoding="ascii").split()[1])
    return waited_ns / 1e9


def _used_s(process: psutil.Process) -> float:
    """With what its children used that have ended."""
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:4]))
    return 0.0
