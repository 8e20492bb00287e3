"""The campaign opens when Locust's environment is there, or Locust ends with the reason and its exit status."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from typing import Any, Final, NoReturn

import gevent
from locust.runners import MasterRunner, WorkerRunner
from tayari_control.client import ControlError
from tayari_control.process import SimulatorStartError
from tayari_target.adapter import AdapterError
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file import TargetError

from tayari_load.campaign import DRAIN_S, Campaign
from tayari_load.cluster import MasterConductor, WorkerConductor
from tayari_load.conducting import Conductor
from tayari_load.following import Following
from tayari_load.options import add_options
from tayari_load.page import add_tab
from tayari_load.plan import Plan, PlanError
from tayari_load.shopper import Shopper
from tayari_load.surroundings import CONTROL, STAGE, CampaignError
from tayari_load.witness import Witness

BAD_CONFIGURATION: Final = 20
MERCHANT_UNREACHABLE: Final = 21
_RAMP_S: Final = 5.0
_SPAWN_RATE: Final = 100.0

_log = logging.getLogger("tayari.load")


def conduct(events: Any) -> None:
    """Listen to Locust's events."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_init)


def _init(environment: Any, **_: Any) -> None:
    runner = environment.runner
    leads = not isinstance(runner, WorkerRunner)
    if isinstance(runner, WorkerRunner | MasterRunner) and not (os.environ.get(STAGE) or os.environ.get(CONTROL)):
        _stop(
            f"several Locust processes need one stage, in {STAGE}, or the simulator's control URL, in {CONTROL}; "
            "`tayari load --workers N` sets it"
        )
    campaign = _open()
    if leads:
        _prepare(environment, campaign)
    Shopper.campaign = campaign
    environment.host = Shopper.host = campaign.stage.base_url
    environment.stop_timeout = environment.stop_timeout or DRAIN_S
    kinds = {WorkerRunner: WorkerConductor, MasterRunner: MasterConductor}
    conductor = kinds.get(type(runner), Conductor)(environment, campaign)
    if leads and environment.web_ui is not None:
        add_tab(environment.web_ui, conductor)
    # Timers count from when the event loop last looked at the clock: without a look now, what setting up took would be
    # missing from the run's time.
    gevent.sleep(0)


def _open() -> Campaign:
    try:
        return Campaign.open(os.environ)
    except MerchantStartError as wrong:
        _stop(str(wrong), MERCHANT_UNREACHABLE)
    except (CampaignError, TargetError, AdapterError, SimulatorStartError, ControlError) as wrong:
        _stop(str(wrong))


def _prepare(environment: Any, campaign: Campaign) -> None:
    """What the process that leads needs: the plan, as many users as it takes, and eyes on the simulator."""
    options = environment.parsed_options
    try:
        plan = Plan.read(options)
        _known(plan, campaign)
    except PlanError as wrong:
        campaign.close()
        _stop(str(wrong))
    options.num_users = options.num_users or (
        plan.most_in_flight if plan.open else campaign.target.thresholds.concurrent_users
    )
    if plan.open:
        plan = replace(plan, in_flight=options.num_users)
        options.in_flight = options.num_users
    rate = _SPAWN_RATE if plan.open else max(1.0, options.num_users / _RAMP_S)
    options.spawn_rate = options.spawn_rate or rate
    campaign.plan = plan
    campaign.witness = Witness(control=campaign.stage.control)
    if plan.shape and not plan.open:
        environment.shape_class = Following(plan, options.num_users)
        environment.shape_class.runner = environment.runner
    if plan.find_limit:
        options.run_time = None  # a search ends when it knows


def _known(plan: Plan, campaign: Campaign) -> None:
    """Scenarios of the mix exist.

    Raises:
        PlanError: one does not.
    """
    if not plan.mix:
        return
    try:
        known = {str(row["name"]) for row in campaign.stage.control.scenarios()}
    except ControlError as error:
        raise PlanError(f"--mix: the simulator does not tell its scenarios: {error}") from error
    missing = [name for name, _ in plan.outcomes.weights if name not in known]
    if missing:
        raise PlanError(f"--mix: {', '.join(missing)} is no scenario; `tayari scenarios list` shows them")


def _stop(message: str, exit_status: int = BAD_CONFIGURATION) -> NoReturn:
    _log.error(message)
    sys.exit(exit_status)
