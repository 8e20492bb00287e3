"""The master of a load and its workers: each has the plan before it has users."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.event import Events
from tayari_load import locust_events
from tayari_load.locust_events import MasterEvents


class Runner:
    """A Locust master that keeps what is sent to its workers."""

    def __init__(self, *workers: str) -> None:
        self.clients = {name: SimpleNamespace(id=name, state="ready") for name in workers}
        self.worker_count, self.user_count = len(workers), 0
        self.handlers: dict[str, Any] = {}
        self.sent: list[tuple[str, str]] = []

    def register_message(self, name: str, handler: Any, **_: Any) -> None:
        self.handlers[name] = handler

    def send_message(self, name: str, _: Any = None, client_id: str = "all") -> None:
        self.sent.append((name, client_id))

    def hear(self, name: str, worker: str) -> None:
        """A message of a worker."""
        self.handlers[name](environment=None, msg=SimpleNamespace(node_id=worker, data=None))


def master(*workers: str) -> tuple[Runner, Any, Any]:
    """A Locust master with these workers, its events, and the record of its run."""
    runner = Runner(*workers)
    plan = SimpleNamespace(find_limit=True, open=True, row=SimpleNamespace(troubles=()), to_wire=dict)
    run = SimpleNamespace(plan=plan, seed=1, lost_workers=0, begin=lambda: None)
    environment = SimpleNamespace(events=Events(), runner=runner, parsed_options=None)  # type: ignore[no-untyped-call]  # Locust's
    events = MasterEvents(environment, run)  # type: ignore[arg-type]  # only what a start needs
    events.watching.kill()
    events.lead = lambda: None  # type: ignore[method-assign]
    return runner, events, run


def test_the_plan_is_sent_when_every_worker_listens() -> None:
    runner, events, run = master("a", "b")
    runner.hear("tayari_listens", "a")
    starting = gevent.spawn(events.test_start)
    gevent.sleep(0.1)
    before = list(runner.sent)
    runner.hear("tayari_listens", "b")
    starting.join(timeout=10)

    assert before == []
    assert runner.sent == [("tayari_plan", "a"), ("tayari_plan", "b")]
    assert run.lost_workers == 0


def test_a_report_shows_that_a_worker_listens() -> None:
    runner, events, run = master("a")
    share = {"tayari_drained": {"busy": 0}}
    run.worker_report = lambda *_: None
    events.worker_report("a", share)

    events.test_start()

    assert runner.sent == [("tayari_plan", "a")]
    assert run.lost_workers == 0


def test_a_worker_that_never_listens_counts_as_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locust_events, "LISTEN_S", 0.1)
    runner, events, run = master("a", "b")
    runner.hear("tayari_listens", "a")

    events.test_start()

    assert run.lost_workers == 1
    assert "1 of 2 workers took no plan within 0.1 s" in caplog.text
