"""The run's record, put together from what the parts found."""

from __future__ import annotations

import os
import platform
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from tayari_reports.model import Run
from tayari_reports.model.facts import Code, Setting
from tayari_reports.model.run_files import Events
from tayari_simulator.catalogue.options import OPTIONS
from tayari_simulator.catalogue.provenance import Mark
from tayari_target.target_file.model import Target
from tayari_target.test_environment import TestEnvironment

from tayari import __version__
from tayari.run.build import read_build
from tayari.run.clock_steps import ClockSteps
from tayari.run.configuration import watched
from tayari.run.findings import Finding
from tayari.run.load import Loaded
from tayari.run.order import Order
from tayari.run.statement_files import Statements

NO_EVENTS: Final = Events((), (), False)
_DESCRIBED: Final = ("pytest", "locust", "aiohttp")


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a run has found so far. Mutable: an interrupt keeps what is here."""

    began: float
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    findings: tuple[Finding, ...] = ()
    events: Events = NO_EVENTS
    loaded: Loaded = field(default_factory=Loaded)
    interrupted: bool = False
    clock_steps: ClockSteps = field(default_factory=ClockSteps)
    notes: list[str] = field(default_factory=list)
    clock: str = "real"
    seed: int = 0
    configuration: tuple[Setting, ...] = ()
    codes: tuple[Code, ...] = ()
    callback_errors: tuple[int, int] | None = None
    """Under load: callbacks not answered 200, of how many."""
    statements: Statements = field(default_factory=Statements)
    played: Mapping[str, str] = field(default_factory=dict)
    """How the simulator played each behaviour that can be switched, by the switch's name."""


def compose(order: Order, test_environment: TestEnvironment, parts: Parts, *, finished: float) -> Run:
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


def depth_of(target: Target) -> str:
    """How deep the target file lets us look."""
    if target.merchant.adapter is not None:
        return "adapter"
    return "state probe" if target.merchant.shows_state else "black box"


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
