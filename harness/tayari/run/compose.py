"""The run's record, put together from what the parts found, the build under test and this machine's clock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from tayari_reports.model import Run
from tayari_reports.model.facts import Build, Code, ConfigurationRow
from tayari_reports.model.run_files import Events
from tayari_simulator.catalogue.options import OPTIONS
from tayari_simulator.catalogue.provenance import Mark
from tayari_target.adapter import depth_of
from tayari_target.test_environment import TestEnvironment

from tayari import __version__
from tayari.run.configuration import watched
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.load import Loaded
from tayari.run.order import RunOrder
from tayari.run.statement_files import Statements

CI_SERVERS: Final[tuple[Build, ...]] = (
    Build(commit="GITHUB_SHA", branch="GITHUB_REF_NAME", ci_run="GITHUB_RUN_ID", operator="GITHUB_ACTOR"),
    Build(commit="CI_COMMIT_SHA", branch="CI_COMMIT_REF_NAME", ci_run="CI_JOB_URL", operator="GITLAB_USER_LOGIN"),
    Build(
        commit="BUILDKITE_COMMIT",
        branch="BUILDKITE_BRANCH",
        ci_run="BUILDKITE_BUILD_URL",
        operator="BUILDKITE_BUILD_CREATOR",
    ),
    Build(commit="CIRCLE_SHA1", branch="CIRCLE_BRANCH", ci_run="CIRCLE_BUILD_URL", operator="CIRCLE_USERNAME"),
    Build(
        commit="BUILD_SOURCEVERSION",
        branch="BUILD_SOURCEBRANCHNAME",
        ci_run="BUILD_BUILDID",
        operator="BUILD_REQUESTEDFOR",
    ),
    Build(commit="GIT_COMMIT", branch="GIT_BRANCH", ci_run="BUILD_URL", operator="BUILD_USER_ID"),
)
"""The names of the variables of GitHub, GitLab, Buildkite, CircleCI, Azure and Jenkins; the first whose commit is set
is asked."""

_GITHUB_RUN: Final = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
_GIT_S: Final = 5.0


def read_build(name: str, *, folder: Path, environment: Mapping[str, str]) -> Build:
    """The build in `folder`, which the user calls `name`. What nobody says stays empty."""
    server = next((row for row in CI_SERVERS if environment.get(row.commit)), None)
    found = _from_git(folder) if server is None else _from_variables(server, environment)
    return replace(found, name=" ".join(name.split()))


def _from_variables(server: Build, environment: Mapping[str, str]) -> Build:
    values = {row.name: environment.get(getattr(server, row.name), "") for row in fields(Build)}
    found = Build(**values)
    if server.ci_run == _GITHUB_RUN[-1] and all(environment.get(name) for name in _GITHUB_RUN):
        address, repository, run = (environment[name] for name in _GITHUB_RUN)
        return replace(found, ci_run=f"{address}/{repository}/actions/runs/{run}")
    return found


def _from_git(folder: Path) -> Build:
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return Build()
    changed = "+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else ""
    branch = _git(folder, "branch", "--show-current")
    return Build(commit=commit + changed, branch=branch, operator=_git(folder, "config", "user.name"))


def _git(folder: Path, *words: str) -> str:
    """What git says; empty where there is no git, no repository, or no answer."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *words]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_GIT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").strip()


_STEP_S: Final = 0.1
"""A step of this length can turn an order of events round: a payment is seen paid as soon after its callback. Time
services set a clock that is 0.13 s (ntpd) or 0.4 s (systemd) wrong, and correct a smaller error smoothly."""
_AT_ONCE_S: Final = 0.01
"""Clocks that are read further apart than this cannot be compared: the process was held up between them."""
_DRIFT: Final = 0.001
"""A time service that corrects a clock smoothly changes its rate by half of this at most."""


class ClockSteps:
    """Compares the wall clock with the monotonic clock; `look` is called again and again while the run lasts."""

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._last: tuple[float, float] | None = None
        self._steps: list[float] = []
        self.look()

    def look(self) -> None:
        """Note a step since the last look."""
        before, wall, steady = self._steady(), self._wall(), self._steady()
        if steady - before > _AT_ONCE_S:
            return
        if self._last is not None:
            passed = steady - self._last[1]
            off = wall - self._last[0] - passed
            if abs(off) > _STEP_S + _DRIFT * passed:
                self._steps.append(off)
        self._last = (wall, steady)

    def problem(self) -> str:
        """Why the run proves nothing; an empty text when the clock kept still."""
        self.look()
        if not self._steps:
            return ""
        steps = ", ".join(f"{step:+.1f} s" for step in self._steps[:5])
        return f"this machine's clock was set, or it slept, during the run ({steps}), so that times cannot be compared"


NO_EVENTS: Final = Events((), (), False)
_DESCRIBED: Final = ("pytest", "locust", "aiohttp")


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a run has found so far. Mutable: an interrupt keeps what is here."""

    began: float
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    findings: tuple[DoctorFinding, ...] = ()
    events: Events = NO_EVENTS
    loaded: Loaded = field(default_factory=Loaded)
    interrupted: bool = False
    clock_steps: ClockSteps = field(default_factory=ClockSteps)
    notes: list[str] = field(default_factory=list)
    clock: str = "real"
    seed: int = 0
    configuration: tuple[ConfigurationRow, ...] = ()
    codes: tuple[Code, ...] = ()
    callback_errors: tuple[int, int] | None = None
    """Under load: callbacks not answered 200, of how many."""
    statements: Statements = field(default_factory=Statements)
    played: Mapping[str, str] = field(default_factory=dict)
    """How the simulator played each behaviour that can be switched, by the switch's name."""


def compose(order: RunOrder, test_environment: TestEnvironment, parts: Parts, *, finished: float) -> Run:
    """One record of everything."""
    target = test_environment.target
    return Run(
        run_id=parts.run_id,
        tayari_version=__version__,
        suite=order.suite,
        profile=order.environment.profile,
        merchant=target.merchant.name,
        base_url=test_environment.base_url,
        started_at=parts.began,
        finished_at=finished,
        clock=parts.clock,
        seed=parts.seed,
        config_sha256=target.sha256,
        build=read_build(order.build, folder=target.path.resolve().parent, environment=os.environ),
        depth=depth_of(target),
        selection=order.selection,
        plan=(*parts.events.plan, *parts.loaded.plan),
        checks=(*parts.events.checks, *parts.loaded.checks),
        preflight=tuple(finding.record() for finding in parts.findings),
        load=parts.loaded.load,
        interrupted=parts.interrupted,
        invalid=tuple(filter(None, [parts.clock_steps.problem()])),
        notes=tuple(parts.notes),
        environment=environment(),
        provenance=in_doubt(parts.played),
        capabilities=tuple(sorted(target.merchant.capabilities)),
        configuration=parts.configuration,
        codes=parts.codes,
        monitoring=watched(target.thresholds, parts.loaded.load, parts.callback_errors),
        waivers=parts.statements.waivers,
        attestations=parts.statements.attestations,
        sign_off=parts.statements.sign_off,
    )


def environment() -> tuple[tuple[str, str], ...]:
    """Versions and platform; no host name, no user name."""
    rows = [("python", platform.python_version()), ("platform", f"{sys.platform} {platform.machine()}")]
    for package in _DESCRIBED:
        try:
            rows.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(rows)


def in_doubt(played: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """The simulated behaviours about which sources disagree or say nothing, and how each was played."""
    doubtful = {Mark.DISPUTED, Mark.ASSUMED}
    return tuple(
        (
            f"{option.about}; here: {played[option.name]}" if option.name in played else option.about,
            str(option.mark),
            option.source,
        )
        for option in OPTIONS
        if option.mark in doubtful
    )
