"""What one run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tayari_control.simulator_process import SimulatorOptions

from tayari.run.statement_files import StatementFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """How hard, and for how long."""

    users: int | None = None
    """None: `thresholds.concurrent_users` of the target file."""
    duration_s: float = 20.0
    ui: bool = False
    """Locust's own page instead of a headless run; it ends when its user ends it."""
    ui_port: int = 8089
    until_stopped: bool = False
    """On the page, the run continues until somebody stops it; else it ends with its time there, too."""
    seed: int | None = None
    rate: float | None = None
    """Arrivals per second of the open model; None: the closed model."""
    in_flight: int | None = None
    shape: str = ""
    mix: str = ""
    abort_after_s: float | None = None
    """End early once a threshold has been missed for this time."""
    find_limit: bool = False
    """Search for the highest rate that keeps the thresholds; each is held for `duration_s`."""
    workers: int = 0
    """Locust workers on this machine; 0: one process does it all."""
    expect_workers: int = 0
    """Workers on other machines, which are waited for; 0: none."""
    bind: str = "127.0.0.1:5557"
    """Where a master listens for its workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One run. Nothing later reads the command line."""

    target: Path
    suite: str = "ci"
    only: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    """Scenario names: these alone are judged, unless `only` adds rules."""
    build: str = ""
    """What the user calls the build under test (`--build`)."""
    strict_words: bool = False
    """Whether a scenario whose words alone are wrong fails; else it warns."""
    out: Path = Path("tayari-report")
    load: LoadOrder | None = None
    functional: bool = True
    """Whether the pytest suites run; false for a load run."""
    control_url: str | None = None
    instances: int | None = None
    """Instances of the merchant on which the suite runs; None: as many as make it faster and this machine can run."""
    environment: SimulatorOptions = field(default_factory=SimulatorOptions)
    statements: StatementFiles = field(default_factory=StatementFiles)
    """What people say beside the measurements; files of the usual names beside the target file need not be named."""

    @property
    def selection(self) -> str:
        """What narrowed the plan: rule ids, scenario names, the load alone; empty for the whole suite."""
        return " ".join([*self.only, *self.scenarios]) if self.functional else "load"
