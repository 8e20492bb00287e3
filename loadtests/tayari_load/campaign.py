"""One load run around its users: the stage it plays on, what it collects, and what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gevent
from tayari_reports.model import Load, LocustRow, ProcessUse, RateLimit
from tayari_target.target_file.model import Target
from tayari_target.test_environment import Stage

from tayari_load.arrivals import Arrivals
from tayari_load.book import Book
from tayari_load.concluding import Record, conclude
from tayari_load.generator import CpuWatch
from tayari_load.outcome import Tally
from tayari_load.plan import Plan
from tayari_load.progress import progress, write_progress
from tayari_load.samples import Samples
from tayari_load.surroundings import CONTROL, EVENTS, OUT, PROGRESS, STAGE, followable, path_of, seed_of, target_of
from tayari_load.thresholds import SUSTAINED, Circumstances, windowed
from tayari_load.validity import Conduct, doubts, void
from tayari_load.witness import Witness

DRAIN_S: Final = 30.0
"""How long payments under way may take to settle after the load has ended."""
_SPARE_S: Final = 30.0
_RELEASE_S: Final = 0.3
_REPORTED_S: Final = 4
"""Workers report every three seconds: younger seconds are not whole yet."""


@dataclass(slots=True, kw_only=True)
class Campaign:
    """Everything of a load run that outlives a user. One per process."""

    target: Target
    stage: Stage
    own_stage: bool
    seed: int
    plan: Plan = field(default_factory=Plan)
    out: Path | None = None
    events: Path | None = None
    progress: Path | None = None
    """A file that says where the run stands."""
    tally: Tally = field(default_factory=Tally)
    samples: Samples = field(default_factory=Samples)
    book: Book = field(default_factory=Book)
    cpu: CpuWatch = field(default_factory=CpuWatch)
    arrivals: Arrivals = field(default_factory=lambda: Arrivals(elapsed=time.perf_counter))
    witness: Witness | None = None
    """Of the process that judges; workers have none."""
    workers: dict[str, ProcessUse] = field(default_factory=dict)
    """What each worker last said it used."""
    workers_saturated: set[str] = field(default_factory=set)
    peak_users: int = 0
    in_flight_peak: int = 0
    """Most payments of the workers in flight."""
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
    """Somebody ended the run before its time."""
    started_at: float = 0.0
    finished_at: float = 0.0
    told: bool = True
    """The results of the last run are being written, or are."""
    concluded: bool = True
    """They are."""

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> Campaign:
        """Read the target file and take the stage that is set, or set one.

        Raises:
            CampaignError: no target file named, or one whose payments cannot be followed.
            TargetError: the target file is wrong; its message has file and line.
            SimulatorStartError, MerchantStartError, AdapterError: as the stage says.
        """
        described, control_url = environ.get(STAGE, ""), environ.get(CONTROL, "")
        stage = (
            Stage.attach(Path(described)) if described else Stage(target_of(environ), control_url=control_url or None)
        )
        followable(stage.target)
        if control_url and not described:
            # Simulator and merchant run elsewhere: a generator on another machine starts neither.
            stage.prepare()
            stage.raise_simulator()
        elif not described:
            stage.__enter__()
        return cls(
            target=stage.target,
            stage=stage,
            own_stage=not described,
            seed=seed_of(environ),
            out=path_of(environ, OUT),
            events=path_of(environ, EVENTS),
            progress=path_of(environ, PROGRESS),
        )

    @property
    def patience_s(self) -> float:
        """How long one payment is followed: as long as the merchant takes to reconcile, and some more."""
        return self.target.merchant.promises.reconcile_within_s + _SPARE_S

    @property
    def ending(self) -> bool:
        """The users were told to stop: no payment may begin any more, for its user could be killed under it."""
        return self.finished_at > 0

    def disturbed(self, begin: float, end: float) -> bool:
        """Whether the shape disturbed Daraja at some time between these epoch seconds."""
        return self.plan.disturbed(begin - self.started_at, end - self.started_at)

    def begin(self) -> None:
        """A run starts: nothing of an earlier one may count."""
        for part in (self.tally, self.samples, self.book, self.workers, self.workers_saturated):
            part.clear()
        for rows in (self.faults, self.troubles):
            rows.clear()
        self.cpu.restart()
        self.arrivals = Arrivals(elapsed=time.perf_counter, part=self.arrivals.part, parts=self.arrivals.parts)
        self.peak_users = self.in_flight_peak = self.lost_workers = 0
        self.limit, self.judged_seconds, self.aborted, self.interrupted = None, None, (), False
        self.started_at, self.finished_at = time.time(), 0.0
        if self.witness is not None:
            self.witness.begin(self.started_at)
            self.faults += [
                (self.started_at + begin, self.started_at + end, str(row.trouble))
                for row, (begin, end) in zip(
                    self.plan.row.troubles, self.plan.row.windows(self.plan.duration_s), strict=True
                )
            ]
        self.told = self.concluded = False

    def look(self, users: int) -> None:
        """Once a second: how many users there are, and how busy this process is."""
        self.peak_users = max(self.peak_users, users)
        self.count_arrivals()
        self.cpu.sample()
        if self.witness is not None:
            self.witness.look(time.time())
            self.tell_progress(users)

    def tell_progress(self, users: int) -> None:
        """To whoever waits for the end of this run."""
        if self.progress is not None and self.witness is not None:
            elapsed_s = time.time() - self.started_at
            found = progress(self.tally, elapsed_s=elapsed_s, users=users, waiting=self.ending)
            write_progress(found, self.progress)

    def count_arrivals(self) -> None:
        """Bring the tally up to date with the open model's arrivals."""
        self.tally.planned += self.arrivals.planned
        self.tally.dropped += self.arrivals.dropped
        self.arrivals.planned = self.arrivals.dropped = 0

    def sustained_miss(self) -> tuple[str, ...]:
        """Thresholds missed for so long that the rest of the run cannot mend it."""
        until = int(time.time()) - (_REPORTED_S if self.workers else 0)
        span_s = self.plan.abort_after_s or float("inf")
        return windowed(
            self.tally.seconds, self.target.thresholds, until=until, window_s=max(1, int(span_s / SUSTAINED))
        )

    def stopping(self, users: int) -> None:
        """The users are told to stop; what is under way may still settle."""
        self.peak_users = max(self.peak_users, users)
        self.finished_at = self.finished_at or time.time()
        self.arrivals.end()
        # Locust complains about users that are gone before it has told them to go.
        gevent.spawn_later(_RELEASE_S, self.arrivals.release)
        self.count_arrivals()

    def doubts(self) -> tuple[str, ...]:
        """Why performance cannot be judged, as far as is known now."""
        return doubts(self.conduct())

    def conduct(self) -> Conduct:
        """How the run itself went, as far as is known now."""
        search, witness = self.plan.find_limit, self.witness
        return Conduct(
            saturated=not search and (self.cpu.saturated or bool(self.workers_saturated)),
            cpu_peak=max([self.cpu.peak, *(use.cpu_peak or 0.0 for use in self.workers.values())]),
            late_peak_s=max([self.cpu.latest_s, *(use.loop_lag_s or 0.0 for use in self.workers.values())]),
            lost_workers=self.lost_workers,
            planned=0 if search else self.tally.planned,
            begun=self.tally.planned - self.tally.dropped,
            in_flight=self.plan.most_in_flight if self.plan.open else 0,
            broken=witness.broken if witness is not None and self.told else "",
            troubles=tuple(self.troubles),
        )

    def circumstances(self) -> Circumstances:
        """For the thresholds."""
        flying = max(self.arrivals.most_busy, self.in_flight_peak)
        fake = "" if self.plan.find_limit or self.witness is None else self.witness.was_the_limit()
        return Circumstances(users=flying if self.plan.open else self.peak_users, doubts=self.doubts(), fake=fake)

    def processes(self) -> tuple[ProcessUse, ...]:
        """Generators and fake."""
        own = () if self.workers else (self.cpu.use("generator"),)
        fake = self.witness.use() if self.witness is not None else None
        return (*own, *(self.workers[name] for name in sorted(self.workers)), *((fake,) if fake else ()))

    def conclude(self) -> Load | None:
        """Judge and write what was asked for; None if that has been done for this run."""
        if self.told:
            return None
        self.told = True
        self.finished_at = self.finished_at or time.time()
        self.count_arrivals()
        if self.witness is not None:
            self.witness.conclude(time.time())
        load = conclude(self._record())
        self.concluded = True
        return load

    def close(self) -> None:
        """Take down the stage, if it is our own."""
        if self.own_stage:
            self.stage.__exit__(None, None, None)

    def _record(self) -> Record:
        return Record(
            stage=self.stage,
            plan=self.plan,
            seed=self.seed,
            tally=self.tally,
            samples=self.samples,
            book=self.book,
            witness=self.witness,
            circumstances=self.circumstances(),
            processes=self.processes(),
            faults=self._fault_windows(),
            limit=self.limit,
            lost_workers=self.lost_workers,
            invalid=void(self.conduct()),
            judged_seconds=self.judged_seconds,
            locust=self.locust,
            aborted=self.aborted,
            interrupted=self.interrupted,
            patience_s=self.patience_s,
            started_at=self.started_at,
            finished_at=self.finished_at,
            out=self.out,
            events=self.events,
        )

    def _fault_windows(self) -> tuple[tuple[float, float, str], ...]:
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
            "book": self.book.take(),
            "cpu": [self.cpu.mean, self.cpu.peak, self.cpu.latest_s, self.cpu.memory_bytes],
            "saturated": self.ending and self.cpu.saturated,
            "in_flight": self.arrivals.most_busy,
            "busy": self.arrivals.busy,
        }

    def worker_report(self, worker: str, share: Mapping[str, Any]) -> None:
        """Add a worker's share."""
        self.tally.add(Tally.from_wire(share["tally"]))
        self.samples.add(Samples.from_wire(share["samples"]))
        self.book.add(share["book"])
        mean, peak, late_s, memory = share["cpu"]
        self.workers[worker] = ProcessUse(
            name=f"generator {worker}", cpu_mean=mean, cpu_peak=peak, loop_lag_s=late_s, memory_bytes=memory
        )
        self.in_flight_peak = max(self.in_flight_peak, share["in_flight"])
        if share["saturated"]:
            self.workers_saturated.add(worker)
