"""Several Locust processes, one campaign: the master plans and adds up, the workers have the users."""

from __future__ import annotations

from typing import Any, Final

import gevent

from tayari_load.campaign import DRAIN_S, Campaign
from tayari_load.conducting import Conductor
from tayari_load.plan import Plan

_PLAN: Final = "tayari_plan"
_RATE: Final = "tayari_rate"
_DRAIN: Final = "tayari_drain"
_DRAINED: Final = "tayari_drained"


class WorkerConductor(Conductor):
    """Of a Locust worker: it reports its share to the master, and judges nothing."""

    def __init__(self, environment: Any, campaign: Campaign) -> None:
        super().__init__(environment, campaign)
        environment.events.report_to_master.add_listener(self.report_to_master)
        environment.runner.register_message(_PLAN, self.planned)
        environment.runner.register_message(_RATE, self.rated)
        environment.runner.register_message(_DRAIN, self.drain, concurrent=True)

    def read_plan(self) -> None:
        """The master has sent it."""

    def lead(self) -> None:
        """The master does."""

    def planned(self, msg: Any, **_: Any) -> None:
        """What the run is asked to do, and this worker's part of it; comes before its users."""
        self.campaign.plan = Plan.from_wire(msg.data["plan"])
        self.campaign.seed = msg.data["seed"]
        self.campaign.arrivals.part, self.campaign.arrivals.parts = msg.data["part"], msg.data["parts"]

    def rated(self, msg: Any, **_: Any) -> None:
        """Hold another rate."""
        self.hold(msg.data)

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
        self.began_with = 0
        self.busy: dict[str, int] = {}
        environment.events.worker_report.add_listener(self.worker_report)
        environment.runner.register_message(_DRAINED, self.worker_drained)

    def test_start(self, **_: Any) -> None:
        """Tell every worker its part before it gets its users."""
        super().test_start()
        self.busy.clear()
        clients = self.environment.runner.clients
        present = sorted(
            (client for client in clients.values() if client.state != "missing"), key=lambda row: str(row.id)
        )
        self.began_with = len(present)
        for part, client in enumerate(present):
            told = {
                "plan": self.campaign.plan.to_wire(), "seed": self.campaign.seed, "part": part, "parts": len(present),
            }  # fmt: skip
            self.environment.runner.send_message(_PLAN, told, client_id=client.id)

    def let_arrive(self) -> None:
        """The workers do."""

    def hold(self, rate: float) -> None:
        """In all workers."""
        self.environment.runner.send_message(_RATE, rate)

    def in_flight(self) -> int:
        """By the last report of each."""
        return sum(self.busy.values())

    def count_workers(self) -> None:
        """A worker that was there at the start and is not any more has taken what it saw with it."""
        gone = self.began_with - self.environment.runner.worker_count
        self.campaign.lost_workers = max(self.campaign.lost_workers, gone)

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
        self.campaign.lost_workers = max(self.campaign.lost_workers, self.began_with - len(self.drained))

    def worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        """A worker's regular report."""
        if _DRAINED in data:
            self._add(client_id, data[_DRAINED])

    def worker_drained(self, msg: Any, **_: Any) -> None:
        """A worker's last report."""
        self._add(msg.node_id, msg.data)
        self.drained.add(msg.node_id)

    def _add(self, worker: str, share: dict[str, Any]) -> None:
        self.busy[worker] = share["busy"]
        self.campaign.worker_report(self._name(worker), share)

    def _name(self, worker: str) -> str:
        """A short name for the report: Locust's carries the host's name."""
        return str(list(self.busy).index(worker) + 1)
