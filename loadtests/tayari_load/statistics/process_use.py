"""Whether the load generator itself was fast enough to be believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from mmap import PAGESIZE
from pathlib import Path
from typing import Final

from tayari_reports.model import ProcessUse

BUSY: Final = 0.8
"""Share of one core above which a single-threaded generator starts to be late itself."""
LATE_S: Final = 0.25
"""If the watcher wakes up this late, users wake up late too: the machine is busy with other work."""
PERIOD_S: Final = 1.0
"""Time between two samples."""
OFTEN: Final = 0.2
"""Share of the samples that must be busy before latencies are doubted: a short peak, as at the start, is no matter."""


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGESIZE
    except (OSError, ValueError, IndexError):
        return 0


@dataclass(slots=True)
class ProcessWatch:
    """CPU use of this process between samples, one core being 1, how late it wakes, and its memory."""

    cpu: Callable[[], float] = time.process_time
    wall: Callable[[], float] = time.perf_counter
    memory: Callable[[], int] = resident_bytes
    samples: int = 0
    busy: int = 0
    peak: float = 0.0
    total: float = 0.0
    latest_s: float = 0.0
    """The longest delay of a sample."""
    memory_bytes: int = 0
    _last: tuple[float, float] | None = field(default=None)

    def restart(self) -> None:
        """Forget what was seen; the next sample covers the time from now."""
        self.samples = self.busy = self.memory_bytes = 0
        self.peak = self.total = self.latest_s = 0.0
        self._last = (self.cpu(), self.wall())

    def sample(self) -> float:
        """Note the use since the last sample and return it."""
        cpu, wall = self.cpu(), self.wall()
        before_cpu, before_wall = self._last or (cpu, wall)
        self._last = (cpu, wall)
        use = (cpu - before_cpu) / (wall - before_wall) if wall > before_wall else 0.0
        late_s = max(0.0, wall - before_wall - PERIOD_S)
        self.samples += 1
        self.busy += use > BUSY or late_s > LATE_S
        self.latest_s = max(self.latest_s, late_s)
        self.peak = max(self.peak, use)
        self.total += use
        self.memory_bytes = max(self.memory_bytes, self.memory())
        return use

    @property
    def mean(self) -> float | None:
        """Mean use; None before the first sample."""
        return self.total / self.samples if self.samples else None

    @property
    def saturated(self) -> bool:
        """Busy often enough to spoil the latencies."""
        return self.samples > 0 and self.busy / self.samples > OFTEN

    def use(self, name: str) -> ProcessUse:
        """What this process used, for the report."""
        return ProcessUse(
            name=name,
            cpu_mean=None if self.mean is None else round(self.mean, 3),
            cpu_peak=round(self.peak, 3),
            loop_lag_s=round(self.latest_s, 4),
            memory_bytes=self.memory_bytes,
        )
