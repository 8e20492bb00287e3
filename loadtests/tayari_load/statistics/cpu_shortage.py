"""Whether a merchant on this machine was short of CPU because programs outside the run used it."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tayari_load.statistics.process_use import OFTEN

WAITED: Final = 0.25
"""Seconds that the merchant waited for a CPU in one second, from which its answers are late. Source: judgement."""
FOREIGN: Final = 0.2
"""Share of the machine's CPU from which programs outside the run count as the cause. Source: judgement."""
IDLE: Final = 0.2
"""Share of the machine's CPU from which it was free for the merchant, as where a container may use less of it than
there is. Source: judgement.
"""
FEWEST: Final = 3
"""Samples that must be short before anything is said: one busy second moves no percentile."""
_SERVERS: Final = frozenset({
    "postgres", "mysqld", "mariadbd", "mongod", "redis-server", "valkey-server", "memcached", "beam.smp",
})  # fmt: skip
"""Servers of databases and queues: what they use may be the merchant's own work, so that it excuses nothing."""


@dataclass(frozen=True, slots=True)
class CpuReading:
    """Totals since the machine started, in seconds of one core."""

    waited: float
    """How long the merchant's threads were ready to run and had no CPU."""
    foreign: float
    """CPU time of programs outside the run, and what other virtual machines took from this one."""
    idle: float
    """CPU time that nothing used."""
    machine: float
    """CPU time that there was, on all cores together."""


@dataclass(slots=True)
class CpuShortage:
    """Compares readings, one a second. Where nothing can be read (no Linux, a merchant elsewhere) it has no reason."""

    read: Callable[[], CpuReading | None]
    cores: int = os.cpu_count() or 1
    samples: int = 0
    short: int = 0
    """Samples in which the merchant waited, while programs outside the run used much and little was left."""
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
        if before is None or now is None or now.machine <= before.machine:
            return
        had = now.machine - before.machine
        foreign = min(1.0, (now.foreign - before.foreign) / had)
        waited = (now.waited - before.waited) / (had / self.cores)
        self.samples += 1
        if waited >= WAITED and foreign >= FOREIGN and now.idle - before.idle <= IDLE * had:
            self.short += 1
            self.most_foreign = max(self.most_foreign, foreign)

    @property
    def reason(self) -> str:
        """Why the merchant may have been slow through no fault of its own; empty where nothing shows that."""
        if self.short < FEWEST or self.short <= OFTEN * self.samples:
            return ""
        return (
            f"in {self.short} of {self.samples} seconds the merchant waited for a CPU, and programs outside this run "
            f"used up to {self.most_foreign:.0%} of the machine; run it again on a quiet machine"
        )


@dataclass(frozen=True, slots=True)
class _ProcessStat:
    """One process, from its `stat`. Source: proc_pid_stat(5)."""

    name: str
    parent: int
    session: int
    ticks: int
    """CPU time used, with that of its children that have ended."""

    @classmethod
    def parse(cls, text: str) -> _ProcessStat:
        """The name may contain spaces and brackets."""
        before, _, after = text.rpartition(")")
        rest = after.split()
        used = sum(int(ticks) for ticks in rest[11:15])
        return cls(before.partition("(")[2], int(rest[1]), int(rest[3]), used)


def reader_of(
    merchant: Callable[[], int | None], *, starter: int, proc: Path = Path("/proc")
) -> Callable[[], CpuReading | None]:
    """Reads the merchant, the run, and the machine; None where they cannot be read.

    `merchant`: its process number now; None where Tayari did not start it. `starter`: the process that started the
    run. The run is all that these two have started; the merchant leads a session, by which its workers are known
    after what started them has ended.
    """

    def read() -> CpuReading | None:
        pid = merchant()
        if pid is None or sys.platform != "linux":
            return None
        try:
            cpus = (proc / "stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]
            second = float(os.sysconf("SC_CLK_TCK"))
            *used, steal = (int(ticks) / second for ticks in cpus)
        except (OSError, ValueError):
            return None
        found = _processes(proc)
        if pid not in found:
            return None
        of_merchant = _with_children(found, {one for one, stat in found.items() if pid in (one, stat.session)})
        of_run = _with_children(found, {starter, *of_merchant})
        own = sum(
            stat.ticks
            for one, stat in found.items()
            if one in of_run or not stat.session or stat.name in _SERVERS  # threads of the kernel have no session
        )
        idle, machine = used[3] + used[4], sum(used) + steal
        return CpuReading(
            waited=sum(_waited_s(proc / str(one)) for one in of_merchant),
            foreign=machine - idle - own / second,  # other containers use the machine too, and show no processes here
            idle=idle,
            machine=machine,
        )

    return read


def _processes(proc: Path) -> Mapping[int, _ProcessStat]:
    found = {}
    for name in os.listdir(proc):
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):  # a process may end at any moment
                text = (proc / name / "stat").read_text(encoding="utf-8", errors="replace")
                found[int(name)] = _ProcessStat.parse(text)
    return found


def _with_children(processes: Mapping[int, _ProcessStat], first: Iterable[int]) -> set[int]:
    """These, and all that they have started."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, stat in processes.items():
        children[stat.parent].append(pid)
    found, left = set(first), list(first)
    while left:
        more = [child for child in children[left.pop()] if child not in found]
        found.update(more)
        left += more
    return found


def _waited_s(process: Path) -> float:
    """Of all its threads. Source: the second number of `schedstat`, in nanoseconds (Linux, scheduler/sched-stats)."""
    waited_ns = 0
    for file in (process / "task").glob("*/schedstat"):
        with suppress(OSError, ValueError, IndexError):  # a thread may end at any moment
            waited_ns += int(file.read_text(encoding="ascii").split()[1])
    return waited_ns / 1e9
