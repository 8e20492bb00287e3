"""Locust's events, wired to the campaign of one process."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import gevent
from locust.runners import WorkerRunner
from tayari_reports.model import LocustRow

from tayari_load.campaign import Campaign
from tayari_load.disturbances import disturb
from tayari_load.generator import PERIOD_S
from tayari_load.limit import Search
from tayari_load.plan import Plan, PlanError
from tayari_load.searching import Searching
from tayari_load.telling import exit_code, told

PAYMENT: Final = "PAYMENT"
"""The method of the row that is a whole payment, in Locust's statistics."""
_GATHER_S: Final = 10.0
"""How long the arrivals wait for the users who will take them."""

_log = logging.getLogger("tayari.load")


class Conductor:
    """Between one Locust environment and its campaign. This one has all users in its own process."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        self.environment = environment
        self.campaign = campaign
        self.watching = gevent.spawn(self._watch)
        self.playing: list[gevent.Greenlet] = []
        events = environment.events
        events.test_start.add_listener(self.test_start)
        events.test_stopping.add_listener(self.test_stopping)
        events.test_stop.add_listener(self.test_stop)
        events.quitting.add_listener(self.quitting)

    def _watch(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            if self.campaign.told:
                continue
            if self.campaign.ending:
                self.campaign.tell_progress(self.environment.runner.user_count)
                continue
            self.campaign.look(self.environment.runner.user_count)
            if self.campaign.plan.abort_after_s and self.campaign.witness is not None:
                self._abort(self.campaign.sustained_miss())

    def _abort(self, missed: tuple[str, ...]) -> None:
        if missed and not self.campaign.aborted:
            self.campaign.aborted = missed
            _log.warning("ended early: %s missed for too long", ", ".join(missed))
            gevent.spawn(self.end)

    def end(self) -> None:
        """End the run from within: headless Locust ends, Locust's page stays."""
        if self.environment.parsed_options.headless:
            self.environment.runner.quit()
        else:
            self.environment.runner.stop()

    def read_plan(self) -> None:
        """What this run is asked to do; the form of Locust's page may have changed it."""
        if self.campaign.plan.find_limit:
            return
        try:
            self.campaign.plan = Plan.read(self.environment.parsed_options)
        except PlanError as wrong:
            _log.error("%s; the run goes on as the one before", wrong)

    def test_start(self, **_: Any) -> None:
        """Users are about to come."""
        self.read_plan()
        self.campaign.begin()
        self.lead()
        self.let_arrive()

    def lead(self) -> None:
        """What only one process does: the shape's troubles, the search for the limit."""
        plan, campaign = self.campaign.plan, self.campaign
        if plan.row.troubles:
            control, row = campaign.stage.control, plan.row
            self._play(disturb, control, row, plan.duration_s, campaign.troubles.append)
        if plan.find_limit:
            self._play(self._search)

    def let_arrive(self) -> None:
        """What every process with users does in the open model."""
        if self.campaign.plan.open:
            self._play(self._arrive)

    def hold(self, rate: float) -> None:
        """Hold this rate from now on: the search for the limit."""
        self.campaign.held_rate = rate

    def in_flight(self) -> int:
        """Payments under way."""
        return self.campaign.arrivals.busy

    def _search(self) -> None:
        gevent.sleep(1.0)
        plan = self.campaign.plan
        searching = Searching(
            campaign=self.campaign,
            search=Search(first=plan.rate or 1.0, highest=plan.most_in_flight * 10.0),
            hold=self.hold,
            in_flight=self.in_flight,
            probe_s=plan.duration_s,
            distributed=bool(self.campaign.workers),
        )
        searching.run()
        gevent.spawn(self.end)

    def _arrive(self) -> None:
        plan, arrivals = self.campaign.plan, self.campaign.arrivals
        wanted, until = max(1, plan.most_in_flight // arrivals.parts), time.monotonic() + _GATHER_S
        while arrivals.idle < wanted and time.monotonic() < until and not arrivals.ended:
            gevent.sleep(0.05)
        if plan.find_limit:
            arrivals.run(lambda _: self.campaign.held_rate, until=lambda: float("inf"))
        else:
            arrivals.run(plan.rate_at, until=lambda: float("inf"))

    def _play(self, action: Any, *arguments: Any) -> None:
        self.playing.append(gevent.spawn(action, *arguments))

    def stop_playing(self) -> None:
        """The run is over: no trouble goes on."""
        gevent.killall(self.playing, block=True)
        self.playing.clear()

    def test_stopping(self, **_: Any) -> None:
        """Users are about to be told to go; each finishes its payment, within Locust's stop timeout."""
        self.campaign.stopping(self.environment.runner.user_count)
        self.stop_playing()

    def test_stop(self, **_: Any) -> None:
        """All users are gone."""
        self.campaign.locust = locust_rows(self.environment.stats)
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
            self.campaign.interrupted = not self.campaign.ending
            self.environment.runner.stop()
        self.test_stop()
        self.watching.kill()
        self.stop_playing()
        self.campaign.close()


def locust_rows(stats: Any) -> tuple[LocustRow, ...]:
    """Locust's own statistics; the name of each figure says that Locust has rounded it."""
    return tuple(
        LocustRow(
            name=f"{PAYMENT} {entry.name}" if entry.method == PAYMENT else entry.name,
            requests=entry.num_requests,
            failures=entry.num_failures,
            p50_rounded_s=entry.get_response_time_percentile(0.5) / 1000,
            p95_rounded_s=entry.get_response_time_percentile(0.95) / 1000,
        )
        for entry in sorted(stats.entries.values(), key=lambda entry: str(entry.name))
        if entry.num_requests
    )
