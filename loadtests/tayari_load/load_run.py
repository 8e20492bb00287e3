"""One load run around its users: the environment it plays on, what it collects, and whether it can be believed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gevent
from tayari_reports.model import LocustRow, ProcessUse, RateLimit
from tayari_reports.verdict.load_words import limit_sentence
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

from tayari_load.plan import LoadPlan
from tayari_load.simulator_monitor import SimulatorMonitor
from tayari_load.statistics.cpu_shortage import CpuShortage, reader_of
from tayari_load.statistics.latencies import enough_for
from tayari_load.statistics.payments import PaymentLog, Samples
from tayari_load.statistics.process_use import ProcessWatch
from tayari_load.statistics.tally import Tally
from tayari_load.statistics.thresholds import SUSTAINED, Circumstances, windowed
from tayari_load.users.arrivals import Arrivals

HELD: Final = 0.98
"""Share of the planned arrivals that must have begun."""
DRAIN_S: Final = 30.0
"""How long payments under way may take to settle after the load has ended."""
_SPARE_S: Final = 30.0
_RELEASE_S: Final = 0.3
REPORTED_S: Final = 4
"""Workers report every three seconds: younger seconds are not whole yet."""
MACHINE: Final = "machine"
"""Other programs of the machine, where they kept the merchant from the CPU."""
SWITCHED: Final = "scenario "
"""With this word begins the name of a window in which a scenario played that was switched on while the load ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConditions:
    """How the run itself went."""

    saturated: bool = False
    cpu_peak: float = 0.0
    late_peak_s: float = 0.0
    lost_workers: int = 0
    planned: int = 0
    begun: int = 0
    in_flight: int = 0
    """The bound of the open model."""
    broken: str = ""
    """Why the fake cannot be trusted at all: its counts do not add up, or could not be read."""
    troubles: tuple[str, ...] = ()
    """Troubles of the shape that could not be played."""


def void(conditions: RunConditions) -> tuple[str, ...]:
    """Why no figure of the run proves anything; empty for an ordinary run. Never the merchant's fault."""
    found = []
    if conditions.lost_workers:
        found.append(
            f"{conditions.lost_workers} of the load's workers were lost while it ran, and what they saw with them"
        )
    if conditions.broken:
        found.append(f"the fake Daraja cannot be believed: {conditions.broken}")
    return tuple(found)


def doubts(conditions: RunConditions) -> tuple[str, ...]:
    """Why the performance rules are unknown; empty where they can be judged."""
    found = [*void(conditions)]
    if conditions.saturated:
        how = f"up to {conditions.cpu_peak:.0%} of a core used, woken up to {conditions.late_peak_s:.1f} s late"
        found.append(f"the load generator was short of CPU ({how}): latencies may be its own")
    if conditions.planned and conditions.begun < HELD * conditions.planned:
        share = conditions.begun / conditions.planned
        found.append(
            f"only {share:.1%} of the {conditions.planned} planned arrivals began (no more than {conditions.in_flight} "
            "payments may be in flight): raise --in-flight, add --workers, or plan a lower rate"
        )
    return (*found, *conditions.troubles)


def progress(tally: Tally, *, elapsed_s: float, users: int, waiting: bool) -> dict[str, Any]:
    """Plain values. `waiting`: the load is over, and payments under way may still settle."""
    p95_s = tally.percentile_s(95) if tally.settled >= enough_for(95) else None
    return {
        "elapsed_s": round(elapsed_s, 1),
        "users": users,
        "started": tally.started,
        "settled": tally.settled,
        "failed": tally.failed,
        "credited_twice": tally.credited_twice,
        "under_way": max(0, tally.started - tally.ended.total()),
        "dropped": tally.dropped,
        "p95_s": None if p95_s is None else round(p95_s, 3),
        "waiting": waiting,
    }


def none_kept(limit: RateLimit | None) -> str:
    """Why a search in which no rate was kept says nothing against the merchant; empty where it was the limit."""
    if limit is None or limit.kept_rate is not None or limit.limited_by in {"merchant", ""}:
        return ""
    return limit_sentence(limit)


def write_whole(text: str, path: Path) -> None:
    """Write the file whole or not at all: another process may read it at any moment."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


@dataclass(slots=True, kw_only=True)
class LoadRun:
    """Everything of a load run that outlives a user. One per process."""

    target: Target
    test_environment: TestEnvironment
    own_environment: bool
    seed: int
    plan: LoadPlan = field(default_factory=LoadPlan)
    out: Path | None = None
    events: Path | None = None
    progress: Path | None = None
    """A file with the progress of the run."""
    tally: Tally = field(default_factory=Tally)
    samples: Samples = field(default_factory=Samples)
    log: PaymentLog = field(default_factory=PaymentLog)
    cpu: ProcessWatch = field(default_factory=ProcessWatch)
    arrivals: Arrivals = field(default_factory=lambda: Arrivals(elapsed=time.perf_counter))
    monitor: SimulatorMonitor | None = None
    """Of the process that judges; workers have none."""
    cpu_shortage: CpuShortage = field(init=False)
    """Of the merchant, seen by the process that judges."""
    workers: dict[str, ProcessUse] = field(default_factory=dict)
    """What each worker last said it used."""
    workers_saturated: set[str] = field(default_factory=set)
    worker_looks: dict[str, tuple[int, int]] = field(default_factory=dict)
    peak_users: int = 0
    in_flight_peak: int = 0
    """Most payments of the workers in flight at once, as far as their reports show."""
    lost_workers: int = 0
    held_rate: float = 0.0
    """Of a search for the limit: the rate that is held now."""
    faults: list[tuple[float, float, str]] = field(default_factory=list)
    """Windows in epoch seconds; one that is still open ends at infinity."""
    troubles: list[str] = field(default_factory=list)
    limit: RateLimit | None = None
    judged_seconds: tuple[float, float] | None = None
    """Of a search for the limit: the part of the run that the thresholds are judged on."""
    locust: tuple[LocustRow, ...] = ()
    """Locust's own statistics, when the users are gone."""
    aborted: tuple[str, ...] = ()
    """Thresholds for which the run was ended early."""
    interrupted: bool = False
    """The run was ended before its time, as by Ctrl-C."""
    started_at: float = 0.0
    finished_at: float = 0.0
    finalizing: bool = True
    """The results of the last run are being written, or are written."""
    finalized: bool = True
    """They are written."""

    def __post_init__(self) -> None:
        """The merchant may be restarted: its process number is read each time."""
        environment = self.test_environment
        starter = os.getpid() if self.own_environment else os.getppid()
        self.cpu_shortage = CpuShortage(reader_of(lambda: environment.merchant_pid, starter=starter))

    @property
    def patience_s(self) -> float:
        """How long one payment is followed: as long as the merchant takes to reconcile, and some more."""
        return self.target.merchant.promises.reconcile_within_s + _SPARE_S

    @property
    def ending(self) -> bool:
        """The users are stopping: no payment may begin any more, because its user could be killed meanwhile."""
        return self.finished_at > 0

    def disturbed(self, begin: float, end: float) -> bool:
        """Whether the shape, or a scenario that was switched on, disturbed Daraja between these epoch seconds."""
        if self.plan.disturbed(begin - self.started_at, end - self.started_at):
            return True
        return any(since <= end and begin < until for since, until, _ in self.faults)

    def switch(self, name: str | None, at: float) -> None:
        """This scenario plays from now on, and none that was switched on before; None: payments succeed again."""
        self.faults[:] = [
            (begin, at if what.startswith(SWITCHED) and end == float("inf") else end, what)
            for begin, end, what in self.faults
        ]
        if name is not None:
            self.faults.append((at, float("inf"), f"{SWITCHED}{name}"))

    def begin(self) -> None:
        """A run starts: nothing of an earlier one may count."""
        for part in (self.tally, self.samples, self.log, self.workers, self.workers_saturated, self.worker_looks):
            part.clear()
        self.troubles.clear()
        open_now = [what for _, end, what in self.faults if what.startswith(SWITCHED) and end == float("inf")]
        self.cpu.restart()
        self.arrivals = Arrivals(elapsed=time.perf_counter, part=self.arrivals.part, parts=self.arrivals.parts)
        self.peak_users = self.in_flight_peak = self.lost_workers = 0
        self.held_rate = 0.0
        self.limit, self.judged_seconds, self.aborted, self.interrupted = None, None, (), False
        self.started_at, self.finished_at = time.time(), 0.0
        self.faults[:] = [(self.started_at, float("inf"), what) for what in open_now]
        if self.monitor is not None:
            self.monitor.begin(self.started_at)
            self.cpu_shortage.restart()
            self.faults += [
                (self.started_at + begin, self.started_at + end, str(row.trouble))
                for row, (begin, end) in zip(
                    self.plan.row.troubles, self.plan.row.windows(self.plan.duration_s), strict=True
                )
            ]
        self.finalizing = self.finalized = False

    def look(self, users: int) -> None:
        """Once a second: how many users there are, and how busy this process is."""
        self.peak_users = max(self.peak_users, users)
        self.count_arrivals()
        self.cpu.sample()
        if self.monitor is not None:
            self.monitor.look(time.time())
            self.cpu_shortage.sample()
            self.write_progress(users)

    def write_progress(self, users: int) -> None:
        """To the process that waits for the end of this run."""
        if self.progress is not None and self.monitor is not None:
            elapsed_s = time.time() - self.started_at
            found = progress(self.tally, elapsed_s=elapsed_s, users=users, waiting=self.ending)
            write_whole(json.dumps(found), self.progress)

    def count_arrivals(self) -> None:
        """Bring the tally up to date with the open model's arrivals."""
        self.tally.planned += self.arrivals.planned
        self.tally.dropped += self.arrivals.dropped
        self.arrivals.planned = self.arrivals.dropped = 0

    def sustained_miss(self) -> tuple[str, ...]:
        """Thresholds missed for a time that the rest of the run cannot make up for."""
        until = int(time.time()) - (REPORTED_S if self.workers else 0)
        span_s = self.plan.abort_after_s or float("inf")
        window_s = max(1, int(span_s / SUSTAINED))
        return windowed(self.tally, self.target.thresholds, until=until, window_s=window_s)

    def stopping(self, users: int) -> None:
        """The users stop; payments under way may still settle."""
        self.peak_users = max(self.peak_users, users)
        self.finished_at = self.finished_at or time.time()
        self.arrivals.end()
        # Locust complains about users that end before it has stopped them.
        gevent.spawn_later(_RELEASE_S, self.arrivals.release)
        self.count_arrivals()

    def doubts(self) -> tuple[str, ...]:
        """Why performance cannot be judged, as far as is known now."""
        return doubts(self.conditions())

    def invalid(self) -> tuple[str, ...]:
        """Why the run proves nothing."""
        return void(self.conditions())

    def conditions(self) -> RunConditions:
        """How the run itself went, as far as is known now."""
        search, monitor = self.plan.find_limit, self.monitor
        return RunConditions(
            saturated=not search and (self.cpu.saturated or bool(self.workers_saturated)),
            cpu_peak=max([self.cpu.peak, *(use.cpu_peak or 0.0 for use in self.workers.values())]),
            late_peak_s=max([self.cpu.latest_s, *(use.loop_lag_s or 0.0 for use in self.workers.values())]),
            lost_workers=self.lost_workers,
            planned=0 if search else self.tally.planned,
            begun=self.tally.planned - self.tally.dropped,
            in_flight=self.plan.most_in_flight if self.plan.open else 0,
            broken=monitor.broken if monitor is not None and self.finalizing else "",
            troubles=tuple(self.troubles),
        )

    def circumstances(self) -> Circumstances:
        """For the thresholds."""
        flying = max(self.arrivals.most_busy, self.in_flight_peak)
        users = flying if self.plan.open else self.peak_users
        if self.monitor is None:
            return Circumstances(users=users, doubts=self.doubts())
        beside = (self.monitor.was_the_limit(), self.cpu_shortage.reason)
        excuses = (none_kept(self.limit),) if self.plan.find_limit else beside
        return Circumstances(users=users, doubts=self.doubts(), excuses=tuple(filter(None, excuses)))

    def looks(self) -> Mapping[str, tuple[int, int]]:
        """By process of the generator, and for the `machine`: how often its use of CPU was read, and was too high."""
        machine = {MACHINE: (self.cpu_shortage.samples, self.cpu_shortage.short)}
        return {"": (self.cpu.samples, self.cpu.busy), **self.worker_looks, **machine}

    def processes(self) -> tuple[ProcessUse, ...]:
        """Generators and fake."""
        own = () if self.workers else (self.cpu.use("generator"),)
        fake = self.monitor.use() if self.monitor is not None else None
        return (*own, *(self.workers[name] for name in sorted(self.workers)), *((fake,) if fake else ()))

    def begin_finalizing(self) -> bool:
        """The users are gone. False if this run is being finalized already."""
        if self.finalizing:
            return False
        self.finalizing = True
        self.finished_at = self.finished_at or time.time()
        self.count_arrivals()
        if self.monitor is not None:
            self.monitor.finish(time.time())
        return True

    def close(self) -> None:
        """Take down the test environment, if it is our own."""
        if self.own_environment:
            self.test_environment.__exit__(None, None, None)

    def fault_windows(self) -> tuple[tuple[float, float, str], ...]:
        """Begin and end of each fault in seconds since the start, and what it was."""
        ended = self.finished_at or time.time()
        return tuple(
            (round(begin - self.started_at, 1), round(min(end, ended) - self.started_at, 1), what)
            for begin, end, what in self.faults
            if begin < ended
        )

    def report_to_master(self) -> dict[str, Any]:
        """A worker's share since its last report; whether it was fast enough is known once it has stopped."""
        self.count_arrivals()
        samples = self.samples.to_wire()
        self.samples.clear()
        return {
            "tally": self.tally.take(),
            "samples": samples,
            "payments": self.log.take(),
            "cpu": [self.cpu.mean, self.cpu.peak, self.cpu.latest_s, self.cpu.memory_bytes],
            "looks": [self.cpu.samples, self.cpu.busy],
            "saturated": self.ending and self.cpu.saturated,
            "in_flight": self.arrivals.most_busy,
            "busy": self.arrivals.busy,
        }

    def worker_report(self, worker: str, share: Mapping[str, Any], *, in_flight: int) -> None:
        """Add a worker's share; `in_flight`: of all workers, by the last report of each."""
        self.tally.add(Tally.from_wire(share["tally"]))
        self.samples.add(Samples.from_wire(share["samples"]))
        self.log.add(share["payments"])
        mean, peak, late_s, memory = share["cpu"]
        self.workers[worker] = ProcessUse(
            name=f"generator {worker}", cpu_mean=mean, cpu_peak=peak, loop_lag_s=late_s, memory_bytes=memory
        )
        samples, busy = share["looks"]
        self.worker_looks[worker] = samples, busy
        self.in_flight_peak = max(self.in_flight_peak, share["in_flight"], in_flight)
        if share["saturated"]:
            self.workers_saturated.add(worker)
