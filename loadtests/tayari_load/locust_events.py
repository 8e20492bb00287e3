"""Locust's events, wired to the load run: of one process, of a worker, of the master."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import Any, ClassVar, Final

import gevent
from locust.runners import WorkerRunner
from tayari_reports.model import LocustRow

from tayari_load.disturbances import disturb
from tayari_load.limit_search import LimitSearch, RateSearch
from tayari_load.listening_workers import ListeningWorkers
from tayari_load.load_run import DRAIN_S, LoadRun
from tayari_load.plan import LoadPlan, PlanError, kinds
from tayari_load.results.finalize import finalize
from tayari_load.results.summary import exit_code, summary_lines
from tayari_load.statistics.payments import ROWS
from tayari_load.statistics.process_use import PERIOD_S

_GATHER_S: Final = 10.0
"""How long the arrivals wait for the users who will take them."""

_log = logging.getLogger("tayari.load")


class LocustEvents:
    """Between one Locust environment and its load run. This one has all users in its own process."""

    has_workers: ClassVar[bool] = False
    """The users are in other processes, which report every three seconds."""

    def __init__(self, environment: Any, load_run: LoadRun) -> None:
        self.environment = environment
        self.load_run = load_run
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
            if self.load_run.finalizing:
                continue
            if self.load_run.ending:
                self.load_run.write_progress(self.environment.runner.user_count)
                continue
            self.load_run.look(self.environment.runner.user_count)
            if self.load_run.plan.abort_after_s and self.load_run.monitor is not None:
                self._abort(self.load_run.sustained_miss())

    def _abort(self, missed: tuple[str, ...]) -> None:
        if missed and not self.load_run.aborted:
            self.load_run.aborted = missed
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
        if self.load_run.plan.find_limit:
            return
        try:
            plan = LoadPlan.read(self.environment.parsed_options)
            kinds(plan.outcomes, plan.shape, self.load_run.target.merchant)
            self.load_run.plan = plan
        except PlanError as wrong:
            _log.error("%s; the run goes on as the one before", wrong)

    def test_start(self, **_: Any) -> None:
        """Users are about to come."""
        self.read_plan()
        self.load_run.begin()
        self.lead()
        self.let_arrive()

    def lead(self) -> None:
        """What only one process does: the shape's troubles, the search for the limit."""
        plan, load_run = self.load_run.plan, self.load_run
        if plan.row.troubles:
            control, row = load_run.test_environment.control, plan.row
            self._play(disturb, control, row, plan.duration_s, load_run.troubles.append)
        if plan.find_limit:
            self._play(self._search)

    def let_arrive(self) -> None:
        """What every process with users does in the open model."""
        if self.load_run.plan.open:
            self._play(self._arrive)

    def hold(self, rate: float) -> None:
        """Hold this rate from now on: the search for the limit."""
        self.load_run.held_rate = rate

    def switch(self, name: str | None, at: float) -> None:
        """Payments under way from this epoch second on meet another scenario."""
        self.load_run.switch(name, at)

    def in_flight(self) -> int:
        """Payments under way."""
        return self.load_run.arrivals.busy

    def _search(self) -> None:
        gevent.sleep(1.0)
        plan = self.load_run.plan
        limit_search = LimitSearch(
            load_run=self.load_run,
            search=RateSearch(first=plan.rate or 1.0, highest=plan.most_in_flight * 10.0),
            hold=self.hold,
            in_flight=self.in_flight,
            probe_s=plan.duration_s,
            distributed=self.has_workers,
        )
        limit_search.run()
        gevent.spawn(self.end)

    def _arrive(self) -> None:
        plan, arrivals = self.load_run.plan, self.load_run.arrivals
        wanted, until = max(1, plan.most_in_flight // arrivals.parts), time.monotonic() + _GATHER_S
        while arrivals.idle < wanted and time.monotonic() < until and not arrivals.ended:
            gevent.sleep(0.05)
        if plan.find_limit:
            arrivals.run(lambda _: self.load_run.held_rate, until=lambda: float("inf"))
        else:
            arrivals.run(plan.rate_at, until=lambda: float("inf"))

    def _play(self, action: Any, *arguments: Any) -> None:
        self.playing.append(gevent.spawn(action, *arguments))

    def stop_playing(self) -> None:
        """The run is over: end every disturbance."""
        gevent.killall(self.playing, block=True)
        self.playing.clear()

    def test_stopping(self, **_: Any) -> None:
        """Locust is about to stop the users; each finishes its payment, within Locust's stop timeout."""
        self.load_run.stopping(self.environment.runner.user_count)
        self.stop_playing()

    def test_stop(self, **_: Any) -> None:
        """All users are gone."""
        self.load_run.locust = locust_rows(self.environment.stats)
        load = finalize(self.load_run)
        if load is None:
            return
        for line in summary_lines(load):
            _log.info(line)
        if self.load_run.own_environment:
            self.environment.process_exit_code = exit_code(load)

    def quitting(self, **_: Any) -> None:
        """Locust ends, on Ctrl-C before it has stopped its users: they finish their payments first."""
        if not self.load_run.finalizing and not isinstance(self.environment.runner, WorkerRunner):
            self.load_run.interrupted = not self.load_run.ending
            self.environment.runner.stop()
        self.test_stop()
        self.watching.kill()
        self.stop_playing()
        self.load_run.close()


def locust_rows(stats: Any) -> tuple[LocustRow, ...]:
    """Locust's own statistics; the name of each figure says that Locust has rounded it."""
    return tuple(
        LocustRow(
            name=f"{entry.method} {entry.name}" if entry.method in ROWS.values() else entry.name,
            requests=entry.num_requests,
            failures=entry.num_failures,
            p50_rounded_s=entry.get_response_time_percentile(0.5) / 1000,
            p95_rounded_s=entry.get_response_time_percentile(0.95) / 1000,
        )
        for entry in sorted(stats.entries.values(), key=lambda entry: str(entry.name))
        if entry.num_requests
    )


_LISTENS: Final = "tayari_listens"
_PLAN: Final = "tayari_plan"
_RATE: Final = "tayari_rate"
_SWITCH: Final = "tayari_switch"
_DRAIN: Final = "tayari_drain"
_DRAINED: Final = "tayari_drained"


class WorkerEvents(LocustEvents):
    """Of a Locust worker: it reports its share to the master, and judges nothing."""

    def __init__(self, environment: Any, load_run: LoadRun) -> None:
        super().__init__(environment, load_run)
        environment.events.report_to_master.add_listener(self.report_to_master)
        environment.runner.register_message(_PLAN, self.planned)
        environment.runner.register_message(_RATE, self.rated)
        environment.runner.register_message(_SWITCH, self.switched)
        environment.runner.register_message(_DRAIN, self.drain, concurrent=True)
        environment.runner.send_message(_LISTENS)

    def read_plan(self) -> None:
        """The master has sent it."""

    def lead(self) -> None:
        """The master does."""

    def planned(self, msg: Any, **_: Any) -> None:
        """What the run is asked to do, and this worker's part of it; comes before its users."""
        self.load_run.plan = LoadPlan(**msg.data["plan"])
        self.load_run.seed = msg.data["seed"]
        self.load_run.arrivals.part, self.load_run.arrivals.parts = msg.data["part"], msg.data["parts"]

    def rated(self, msg: Any, **_: Any) -> None:
        """Hold another rate."""
        self.hold(msg.data)

    def switched(self, msg: Any, **_: Any) -> None:
        """Another scenario plays."""
        self.load_run.switch(msg.data, time.time())

    def test_stop(self, **_: Any) -> None:
        """The master concludes."""

    def report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        """Add this worker's share since the last report to what Locust sends."""
        data[_DRAINED] = self.load_run.report_to_master()

    def drain(self, environment: Any, **_: Any) -> None:
        """Let the users finish, then send the rest of the share. Locust itself would not wait for it."""
        environment.runner.stop()
        # Locust sleeps for as long before it begins the next run, which sets it again.
        environment.stop_timeout = 0.0
        environment.runner.send_message(_DRAINED, self.load_run.report_to_master())


class MasterEvents(LocustEvents):
    """Of a Locust master: it adds up what the workers saw."""

    has_workers = True

    def __init__(self, environment: Any, load_run: LoadRun) -> None:
        super().__init__(environment, load_run)
        self.drained: set[str] = set()
        self.began_with = 0
        self.busy: dict[str, int] = {}
        self.listening = ListeningWorkers()
        environment.runner.register_message(_LISTENS, self.worker_listens)
        environment.events.worker_report.add_listener(self.worker_report)
        environment.runner.register_message(_DRAINED, self.worker_drained)

    def test_start(self, **_: Any) -> None:
        """Tell every worker its part before it gets its users."""
        clients = self.environment.runner.clients
        present = sorted(
            (client for client in clients.values() if client.state != "missing"), key=lambda row: str(row.id)
        )
        deaf = self.listening.deaf({str(client.id) for client in present})
        super().test_start()
        self.load_run.lost_workers = deaf
        self.busy.clear()
        self.began_with = len(present)
        for part, client in enumerate(present):
            part_of_plan = {
                "plan": asdict(self.load_run.plan), "seed": self.load_run.seed, "part": part, "parts": len(present),
            }  # fmt: skip
            self.environment.runner.send_message(_PLAN, part_of_plan, client_id=client.id)

    def worker_listens(self, msg: Any, **_: Any) -> None:
        """A worker is ready for its plan."""
        self.listening.add(str(msg.node_id))

    def let_arrive(self) -> None:
        """The workers do."""

    def hold(self, rate: float) -> None:
        """In all workers."""
        self.environment.runner.send_message(_RATE, rate)

    def switch(self, name: str | None, at: float) -> None:
        """In all workers."""
        super().switch(name, at)
        self.environment.runner.send_message(_SWITCH, name)

    def in_flight(self) -> int:
        """By the last report of each."""
        return sum(self.busy.values())

    def count_workers(self) -> None:
        """A worker that was there at the start and is not any more has taken what it saw with it."""
        gone = self.began_with - self.environment.runner.worker_count
        self.load_run.lost_workers = max(self.load_run.lost_workers, gone)

    def test_stopping(self, **_: Any) -> None:
        """Wait here until every worker's users have finished, for Locust's own quit does not."""
        self.count_workers()
        super().test_stopping()
        self.drained.clear()
        runner = self.environment.runner
        runner.send_message(_DRAIN)
        with gevent.Timeout(DRAIN_S + 10.0, False):
            while len(self.drained) < runner.worker_count:
                gevent.sleep(0.1)
        self.load_run.lost_workers = max(self.load_run.lost_workers, self.began_with - len(self.drained))

    def worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        """A worker's regular report. It shows too that the worker listens: the master may have begun after it."""
        if _DRAINED in data:
            self.listening.add(client_id)
            self._add(client_id, data[_DRAINED])

    def worker_drained(self, msg: Any, **_: Any) -> None:
        """A worker's last report."""
        self._add(msg.node_id, msg.data)
        self.drained.add(msg.node_id)

    def _add(self, worker: str, share: dict[str, Any]) -> None:
        self.busy[worker] = share["busy"]
        self.load_run.worker_report(self._name(worker), share, in_flight=self.in_flight())

    def _name(self, worker: str) -> str:
        """A short name for the report: Locust's carries the host's name."""
        return str(list(self.busy).index(worker) + 1)
