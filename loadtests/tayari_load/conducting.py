"""Locust's events, wired to the campaign; several Locust processes make one campaign."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Final, NoReturn

import gevent
from locust.runners import MasterRunner, WorkerRunner
from tayari.control.process import SimulatorStartError
from tayari.merchant.adapter import AdapterError
from tayari.merchant.process import MerchantStartError
from tayari.target import TargetError
from tayari_reports.model import Load

from tayari_load.campaign import DRAIN_S, STAGE, Campaign, CampaignError
from tayari_load.generator import PERIOD_S
from tayari_load.shopper import Shopper

READY: Final = 0
NOT_READY: Final = 10
INCONCLUSIVE: Final = 11
BAD_CONFIGURATION: Final = 20
MERCHANT_UNREACHABLE: Final = 21
_RAMP_S: Final = 5.0
_DRAIN: Final = "tayari_drain"
_DRAINED: Final = "tayari_drained"

_log = logging.getLogger("tayari.load")


def conduct(events: Any) -> None:
    """Listen to Locust's events; the campaign opens when Locust's environment is there."""
    events.init.add_listener(_init)


class Conductor:
    """Between one Locust environment and its campaign. This one has all users in its own process."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        self.environment = environment
        self.campaign = campaign
        self.watching = gevent.spawn(self._watch)
        events = environment.events
        events.test_start.add_listener(self.test_start)
        events.test_stopping.add_listener(self.test_stopping)
        events.test_stop.add_listener(self.test_stop)
        events.quitting.add_listener(self.quitting)

    def _watch(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            if not self.campaign.told:
                self.campaign.look(self.environment.runner.user_count)

    def test_start(self, **_: Any) -> None:
        """Users are about to come."""
        self.campaign.begin()

    def test_stopping(self, **_: Any) -> None:
        """Users are about to be told to go; each finishes its payment, within Locust's stop timeout."""
        self.campaign.stopping(self.environment.runner.user_count)

    def test_stop(self, **_: Any) -> None:
        """All users are gone."""
        load = self.campaign.conclude()
        if load is None:
            return
        for line in told(load):
            _log.info(line)
        if self.campaign.own_stage:
            self.environment.process_exit_code = exit_code(load)

    def quitting(self, **_: Any) -> None:
        """Locust ends, on Ctrl-C before it has told its users to: they finish their payments first."""
        if not self.campaign.told and not isinstance(self.environment.runner, WorkerRunner):
            self.environment.runner.stop()
        self.test_stop()
        self.watching.kill()
        self.campaign.close()


class WorkerConductor(Conductor):
    """Of a Locust worker: it reports its share to the master, and judges nothing."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        super().__init__(environment, campaign)
        environment.events.report_to_master.add_listener(self.report_to_master)
        environment.runner.register_message(_DRAIN, self.drain, concurrent=True)

    def test_stop(self, **_: Any) -> None:
        """The master concludes."""

    def report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        """Add this worker's share since the last report to what Locust sends."""
        data[_DRAINED] = self.campaign.report_to_master()

    def drain(self, environment: Any, **_: Any) -> None:
        """Let the users finish, then send the rest of the share. Locust itself would not wait for it."""
        environment.runner.stop()
        environment.stop_timeout = (
            0.0  # Locust sleeps for as long before it takes up the next run; the next sets it anew
        )
        environment.runner.send_message(_DRAINED, self.campaign.report_to_master())


class MasterConductor(Conductor):
    """Of a Locust master: it adds up what the workers saw."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        super().__init__(environment, campaign)
        self.drained: set[str] = set()
        environment.events.worker_report.add_listener(self.worker_report)
        environment.runner.register_message(_DRAINED, self.worker_drained)

    def test_stopping(self, **_: Any) -> None:
        """Wait here until every worker's users have finished, for Locust's own quit does not."""
        super().test_stopping()
        self.drained.clear()
        runner = self.environment.runner
        runner.send_message(_DRAIN)
        with gevent.Timeout(DRAIN_S + 10.0, False):
            while len(self.drained) < runner.worker_count:
                gevent.sleep(0.1)

    def worker_report(self, data: dict[str, Any], **_: Any) -> None:
        """A worker's regular report."""
        if _DRAINED in data:
            self.campaign.worker_report(data[_DRAINED])

    def worker_drained(self, msg: Any, **_: Any) -> None:
        """A worker's last report."""
        self.campaign.worker_report(msg.data)
        self.drained.add(msg.node_id)


def told(load: Load) -> tuple[str, ...]:
    """The result in a few lines, for whoever runs Locust by hand."""
    lines = [
        f"{load.started} payments started, {load.settled} settled, {load.failed} failed, {load.stuck} stuck, "
        f"{load.credited_twice} credited twice"
    ]
    for threshold in load.thresholds:
        verdict = {True: "met", False: "MISSED", None: "cannot be judged"}[threshold.met]
        measured = "no samples" if threshold.measured is None else f"{threshold.measured:.4g}"
        lines.append(f"{threshold.name}: {measured} against {threshold.limit:g} {threshold.unit}: {verdict}")
    return (*lines, *load.notes)


def exit_code(load: Load) -> int:
    """0 met, 10 a threshold missed, 11 one that could not be judged."""
    met = [threshold.met for threshold in load.thresholds]
    if False in met:
        return NOT_READY
    return INCONCLUSIVE if None in met else READY


def _init(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner | MasterRunner) and not os.environ.get(STAGE):
        _stop(
            f"several Locust processes need one stage, in {STAGE}; `tayari load --workers N` sets it", BAD_CONFIGURATION
        )
    try:
        campaign = Campaign.open(os.environ)
    except (CampaignError, TargetError, AdapterError, SimulatorStartError) as wrong:
        _stop(str(wrong))
    except MerchantStartError as wrong:
        _stop(str(wrong), MERCHANT_UNREACHABLE)
    Shopper.campaign = campaign
    environment.host = Shopper.host = campaign.stage.base_url
    environment.stop_timeout = environment.stop_timeout or DRAIN_S
    options = environment.parsed_options
    options.num_users = options.num_users or campaign.target.thresholds.concurrent_users
    options.spawn_rate = options.spawn_rate or max(1.0, options.num_users / _RAMP_S)
    kinds = {WorkerRunner: WorkerConductor, MasterRunner: MasterConductor}
    kinds.get(type(runner), Conductor)(environment, campaign)
    # Timers count from when the event loop last looked at the clock: without a look now, what setting up took would be
    # missing from the run's time.
    gevent.sleep(0)


def _stop(message: str, exit_status: int = BAD_CONFIGURATION) -> NoReturn:
    _log.error(message)
    sys.exit(exit_status)
