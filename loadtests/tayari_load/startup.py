"""A load run starts: the environment names its target and results, Locust's options its plan."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import gevent
from locust import LoadTestShape
from locust.runners import MasterRunner, WorkerRunner
from tayari_control.client import ControlError
from tayari_control.simulator_process import SimulatorStartError
from tayari_formats.exit_codes import Exit
from tayari_money.payment_record import PaymentKind
from tayari_target.adapter import AdapterError, shown
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file import TargetError, load_target
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

from tayari_load.load_run import DRAIN_S, LoadRun
from tayari_load.locust_events import LocustEvents, MasterEvents, WorkerEvents
from tayari_load.locust_page import add_tab
from tayari_load.plan import LoadPlan, PlanError, add_options, check_payable, kind_of, kinds, unconfirmed_c2b
from tayari_load.simulator_monitor import SimulatorMonitor
from tayari_load.users.shopper import Shopper

TARGET: Final = "TAYARI_TARGET"
ENVIRONMENT: Final = "TAYARI_ENVIRONMENT"
CONTROL: Final = "TAYARI_CONTROL"
OUT: Final = "TAYARI_LOAD_OUT"
EVENTS: Final = "TAYARI_EVENTS"
PROGRESS: Final = "TAYARI_LOAD_PROGRESS"
SEED: Final = "TAYARI_LOAD_SEED"


class LoadSetupError(Exception):
    """The load cannot be run as asked; the message says what to do."""


def target_of(environ: Mapping[str, str]) -> Target:
    """The target file that is named."""
    path = environ.get(TARGET, "")
    if not path:
        raise LoadSetupError(f"{TARGET} is not set: give it the path of your tayari.yaml")
    return load_target(path, environ)


def followable(target: Target) -> None:
    """Refuse a merchant whose payments nobody can see settle."""
    merchant = target.merchant
    if merchant.payout is not None and merchant.payout.status is None and not merchant.takes_payments:
        raise LoadSetupError(
            f"{target.path}: merchant.payout.status is missing: a load run is judged on payouts that are paid, and "
            "without it none can be seen to be; say how a payout's state is read"
        )
    if merchant.takes_payments and not shown(target).state:
        raise LoadSetupError(
            f"{target.path}: merchant.status is missing: a load run is judged on settled payments, "
            "and without it no payment can be seen to settle; say how a payment's state is read"
            + (", or give the adapter a read_status" if merchant.adapter else "")
        )


def path_of(environ: Mapping[str, str], name: str) -> Path | None:
    """A file, where one is named."""
    return Path(environ[name]) if environ.get(name) else None


def seed_of(environ: Mapping[str, str]) -> int:
    """The seed, a random one where none is given."""
    given = environ.get(SEED, "")
    if not given:
        return secrets.randbelow(1_000_000)
    if not given.isdecimal():
        raise LoadSetupError(f"{SEED} is {given!r}: expected a whole number")
    return int(given)


class ShapeSchedule(LoadTestShape):
    """Users by the shape's level; the run ends with its time."""

    use_common_options = True

    def __init__(self, plan: LoadPlan, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's
        self._plan = plan
        self._most = most

    def tick(self) -> tuple[int, float] | None:
        """For Locust, about once a second."""
        at_s = float(self.get_run_time())  # type: ignore[no-untyped-call]  # Locust's
        if at_s >= self._plan.duration_s:
            return None
        return self._plan.users_at(at_s, self._most), float(self._most)


_RAMP_S: Final = 5.0
_SPAWN_RATE: Final = 100.0

_log = logging.getLogger("tayari.load")


def listen(events: Any) -> None:
    """Listen to Locust's events.

    A worker opens its test environment here already. Locust connects a worker to its master before it fires `init`,
    and from then on the master may send it a plan and users.
    """
    opened = _open() if "--worker" in sys.argv and _environment_is_shared() else None
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(partial(_init, opened))


def _environment_is_shared() -> bool:
    return bool(os.environ.get(ENVIRONMENT) or os.environ.get(CONTROL))


def _init(opened: LoadRun | None, environment: Any, **_: Any) -> None:
    runner = environment.runner
    leads = not isinstance(runner, WorkerRunner)
    if isinstance(runner, WorkerRunner | MasterRunner) and not _environment_is_shared():
        _stop(
            f"several Locust processes need one test environment, in {ENVIRONMENT}, or the simulator's control URL, in "
            f"{CONTROL}; `tayari load --workers N` sets it"
        )
    load_run = opened or _open()
    if leads:
        _prepare(environment, load_run)
    Shopper.load_run = load_run
    environment.host = Shopper.host = load_run.test_environment.base_url
    environment.stop_timeout = environment.stop_timeout or DRAIN_S
    of_runner = {WorkerRunner: WorkerEvents, MasterRunner: MasterEvents}
    locust_events = of_runner.get(type(runner), LocustEvents)(environment, load_run)
    if leads and environment.web_ui is not None:
        add_tab(environment.web_ui, locust_events)
    # Timers count from when the event loop last looked at the clock: without a look now, what setting up took would be
    # missing from the run's time.
    gevent.sleep(0)


def open_run(environ: Mapping[str, str]) -> LoadRun:
    """Read the target file, and take the test environment that is named, or start one.

    Raises:
        LoadSetupError: no target file is named, or its payments cannot be followed.
        TargetError: the target file is wrong; its message has file and line.
        SimulatorStartError, MerchantStartError, AdapterError: as the test environment says.
    """
    described, control_url = environ.get(ENVIRONMENT, ""), environ.get(CONTROL, "")
    test_environment = (
        TestEnvironment.attach(Path(described))
        if described
        else TestEnvironment(target_of(environ), control_url=control_url or None)
    )
    followable(test_environment.target)
    if control_url and not described:
        # Simulator and merchant run elsewhere: a generator on another machine starts neither.
        test_environment.prepare()
        test_environment.raise_simulator()
    elif not described:
        test_environment.__enter__()
    return LoadRun(
        target=test_environment.target,
        test_environment=test_environment,
        own_environment=not described,
        seed=seed_of(environ),
        out=path_of(environ, OUT),
        events=path_of(environ, EVENTS),
        progress=path_of(environ, PROGRESS),
    )


def _open() -> LoadRun:
    try:
        return open_run(os.environ)
    except MerchantStartError as wrong:
        _stop(str(wrong), Exit.MERCHANT_UNREACHABLE)
    except (LoadSetupError, TargetError, AdapterError, SimulatorStartError, ControlError) as wrong:
        _stop(str(wrong))


def _prepare(environment: Any, load_run: LoadRun) -> None:
    """What the process that leads needs: the plan, as many users as it takes, and a monitor of the simulator."""
    options = environment.parsed_options
    try:
        plan = LoadPlan.read(options)
        _known(plan, load_run)
    except (PlanError, ControlError) as wrong:  # Locust would log any other exception, and go on without a plan
        load_run.close()
        _stop(str(wrong))
    options.num_users = options.num_users or (
        plan.most_in_flight if plan.open else load_run.target.thresholds.concurrent_users
    )
    if plan.open:
        plan = replace(plan, in_flight=options.num_users)
        options.in_flight = options.num_users
    rate = _SPAWN_RATE if plan.open else max(1.0, options.num_users / _RAMP_S)
    options.spawn_rate = options.spawn_rate or rate
    load_run.plan = plan
    load_run.monitor = SimulatorMonitor(control=load_run.test_environment.control)
    if plan.shape and not plan.open:
        environment.shape_class = ShapeSchedule(plan, options.num_users)
        environment.shape_class.runner = environment.runner
    if plan.find_limit:
        options.run_time = None  # a search ends when it knows


def _known(plan: LoadPlan, load_run: LoadRun) -> None:
    """Scenarios of the mix exist.

    Raises:
        PlanError: one does not, or it is of no use to this merchant.
        ControlError: the simulator does not answer.
    """
    moved = kinds(plan.outcomes, plan.shape, load_run.target.merchant)
    if why := unconfirmed_c2b(moved, load_run.test_environment):
        raise PlanError(why)
    if not plan.mix:
        return
    known = {str(row["name"]) for row in load_run.test_environment.control.scenarios()}
    missing = [name for name, _ in plan.outcomes.weights if name not in known]
    if missing:
        raise PlanError(f"--mix: {', '.join(missing)} is no scenario; `tayari scenarios list` shows them")
    for name, _ in plan.outcomes.weights:
        if kind_of(name) is PaymentKind.C2B_PAYMENT:
            check_payable(name, load_run.test_environment.control.scenario(name))


def _stop(message: str, exit_status: Exit = Exit.BAD_CONFIGURATION) -> NoReturn:
    _log.error(message)
    sys.exit(int(exit_status))
