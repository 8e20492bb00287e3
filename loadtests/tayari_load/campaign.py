"""One load run around its users: the stage it plays on, what it collects, and what it leaves behind."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tayari.merchant.stage import Stage
from tayari.target import load_target
from tayari.target.model import Target
from tayari_reports.model import Load

from tayari_load.generator import CpuWatch
from tayari_load.outcome import Tally
from tayari_load.results import LoadRun, checks, load_record, write_checks, write_load
from tayari_load.samples import Samples
from tayari_load.thresholds import Circumstances

TARGET: Final = "TAYARI_TARGET"
STAGE: Final = "TAYARI_STAGE"
OUT: Final = "TAYARI_LOAD_OUT"
EVENTS: Final = "TAYARI_EVENTS"
SEED: Final = "TAYARI_LOAD_SEED"
DRAIN_S: Final = 30.0
"""How long payments under way may take to settle after the load has ended."""
_SPARE_S: Final = 30.0


class CampaignError(Exception):
    """The load cannot be run as asked; the message says what to do."""


@dataclass(slots=True, kw_only=True)
class Campaign:
    """Everything of a load run that outlives a user. One per process."""

    target: Target
    stage: Stage
    own_stage: bool
    seed: int
    out: Path | None = None
    events: Path | None = None
    tally: Tally = field(default_factory=Tally)
    samples: Samples = field(default_factory=Samples)
    cpu: CpuWatch = field(default_factory=CpuWatch)
    peak_users: int = 0
    cpu_peak: float = 0.0
    late_peak_s: float = 0.0
    saturated: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    told: bool = True
    """The results of the last run are written."""

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> Campaign:
        """Read the target file and take the stage that is set, or set one.

        Raises:
            CampaignError: no target file named, or one whose payments cannot be followed.
            TargetError: the target file is wrong; its message has file and line.
            SimulatorStartError, MerchantStartError, AdapterError: as the stage says.
        """
        described = environ.get(STAGE, "")
        stage = Stage.attach(Path(described)) if described else Stage(_target(environ))
        _followable(stage.target)
        if not described:
            stage.__enter__()
        return cls(
            target=stage.target,
            stage=stage,
            own_stage=not described,
            seed=_seed(environ),
            out=_path(environ, OUT),
            events=_path(environ, EVENTS),
        )

    @property
    def patience_s(self) -> float:
        """How long one payment is followed: as long as the merchant takes to reconcile, and some more."""
        return self.target.merchant.promises.reconcile_within_s + _SPARE_S

    @property
    def ending(self) -> bool:
        """The users were told to stop: no payment may begin any more, for its user could be killed under it."""
        return self.finished_at > 0

    def begin(self) -> None:
        """A run starts: nothing of an earlier one may count."""
        self.tally.clear()
        self.samples.clear()
        self.cpu.restart()
        self.peak_users, self.cpu_peak, self.late_peak_s, self.saturated = 0, 0.0, 0.0, False
        self.started_at, self.finished_at = time.time(), 0.0
        self.told = False

    def look(self, users: int) -> None:
        """Once a second: how many users there are, and how busy this process is."""
        self.peak_users = max(self.peak_users, users)
        self.cpu_peak = max(self.cpu_peak, self.cpu.sample())
        self.late_peak_s = max(self.late_peak_s, self.cpu.latest_s)

    def stopping(self, users: int) -> None:
        """The users are told to stop; what is under way may still settle."""
        self.peak_users = max(self.peak_users, users)
        self.saturated = self.cpu.saturated
        self.finished_at = time.time()

    def conclude(self) -> Load | None:
        """Judge and write what was asked for; None if that has been done for this run."""
        if self.told:
            return None
        self.told = True
        load = load_record(self.tally, self.target.thresholds, self._run())
        if self.out is not None:
            write_load(load, self.out)
        if self.events is not None:
            found = checks(load, self.samples, started_at=self.started_at)
            write_checks(found, self.events, secrets=self.stage.secrets)
        return load

    def close(self) -> None:
        """Take down the stage, if it is our own."""
        if self.own_stage:
            self.stage.__exit__(None, None, None)

    def _run(self) -> LoadRun:
        return LoadRun(
            started_at=self.started_at,
            finished_at=self.finished_at or time.time(),
            circumstances=Circumstances(users=self.peak_users, generator_saturated=self.saturated),
            cpu_peak=self.cpu_peak,
            late_peak_s=self.late_peak_s,
            notes=(f"customers made with seed {self.seed}",),
        )

    def report_to_master(self) -> dict[str, Any]:
        """A worker's share since its last report; whether it was fast enough is known once it has stopped."""
        samples = self.samples.to_wire()
        self.samples.clear()
        return {
            "tally": self.tally.take(),
            "samples": samples,
            "cpu_peak": self.cpu_peak,
            "late_peak_s": self.late_peak_s,
            "saturated": self.ending and self.cpu.saturated,
        }

    def worker_report(self, share: Mapping[str, Any]) -> None:
        """Add a worker's share."""
        self.tally.add(Tally.from_wire(share["tally"]))
        self.samples.add(Samples.from_wire(share["samples"]))
        self.cpu_peak = max(self.cpu_peak, share["cpu_peak"])
        self.late_peak_s = max(self.late_peak_s, share["late_peak_s"])
        self.saturated = self.saturated or share["saturated"]


def _target(environ: Mapping[str, str]) -> Target:
    path = environ.get(TARGET, "")
    if not path:
        raise CampaignError(f"{TARGET} is not set: give it the path of your tayari.yaml")
    return load_target(path, environ)


def _followable(target: Target) -> None:
    if target.merchant.status is None and target.merchant.adapter is None:
        raise CampaignError(
            f"{target.path}: merchant.status is missing: a load run is judged on settled payments, "
            "and without it no payment can be seen to settle; say how a payment's state is read"
        )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _seed(environ: Mapping[str, str]) -> int:
    given = environ.get(SEED, "")
    if not given:
        return secrets.randbelow(1_000_000)
    if not given.isdecimal():
        raise CampaignError(f"{SEED} is {given!r}: expected a whole number")
    return int(given)
