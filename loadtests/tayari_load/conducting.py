"""Locust's events, wired to the campaign."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Final

import gevent
from locust.runners import MasterRunner, WorkerRunner
from tayari.target import TargetError
from tayari_reports.model import Load

from tayari_load.campaign import DRAIN_S, STAGE, Campaign, CampaignError
from tayari_load.shopper import Shopper

BAD_CONFIGURATION: Final = 20
NOT_READY: Final = 10
INCONCLUSIVE: Final = 11
_RAMP_S: Final = 5.0
_SHARE: Final = "tayari"

_log = logging.getLogger("tayari.load")


def conduct(events: Any) -> None:
    """Listen to Locust's events; the campaign opens when Locust's environment is there."""
    events.init.add_listener(_init)


class Conductor:
    """Between one Locust environment and one campaign."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        self._environment = environment
        self._campaign = campaign
        self._watching = gevent.spawn(self._watch)

    def listen(self) -> None:
        """Take part in the run's events."""
        events = self._environment.events
        events.test_start.add_listener(self._test_start)
        events.test_stopping.add_listener(self._test_stopping)
        events.test_stop.add_listener(self._test_stop)
        events.quitting.add_listener(self._quitting)
        if isinstance(self._environment.runner, WorkerRunner):
            events.report_to_master.add_listener(self._report_to_master)
        if isinstance(self._environment.runner, MasterRunner):
            events.worker_report.add_listener(self._worker_report)

    def _watch(self) -> None:
        while True:
            gevent.sleep(1.0)
            if not self._campaign.told:
                self._campaign.look(self._environment.runner.user_count)

    def _test_start(self, **_: Any) -> None:
        self._campaign.begin()

    def _test_stopping(self, **_: Any) -> None:
        self._campaign.stopping(self._environment.runner.user_count)

    def _test_stop(self, **_: Any) -> None:
        if not isinstance(self._environment.runner, WorkerRunner | MasterRunner):
            self._conclude()

    def _quitting(self, **_: Any) -> None:
        if not isinstance(self._environment.runner, WorkerRunner):
            self._conclude()
        self._watching.kill()
        self._campaign.close()

    def _report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        data[_SHARE] = self._campaign.report_to_master()

    def _worker_report(self, data: dict[str, Any], **_: Any) -> None:
        if _SHARE in data:
            self._campaign.worker_report(data[_SHARE])

    def _conclude(self) -> None:
        load = self._campaign.conclude()
        if load is None:
            return
        for line in told(load):
            _log.info(line)
        if self._campaign.own_stage:
            self._environment.process_exit_code = exit_code(load)


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
    return INCONCLUSIVE if None in met else 0


def _init(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner) and not os.environ.get(STAGE):
        _stop(f"a Locust worker needs {STAGE}: start it through `tayari load --workers N`, which sets the stage once")
    try:
        campaign = Campaign.open(os.environ)
    except (CampaignError, TargetError) as wrong:
        _stop(str(wrong))
    Shopper.campaign = campaign
    environment.host = Shopper.host = campaign.stage.driver.base_url
    environment.stop_timeout = environment.stop_timeout or DRAIN_S
    options = environment.parsed_options
    options.num_users = options.num_users or campaign.target.thresholds.concurrent_users
    options.spawn_rate = options.spawn_rate or max(1.0, options.num_users / _RAMP_S)
    Conductor(environment, campaign).listen()


def _stop(message: str) -> None:
    _log.error(message)
    sys.exit(BAD_CONFIGURATION)
