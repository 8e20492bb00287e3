"""A load with workers begins when each worker can take the plan."""

from __future__ import annotations

import gevent
import pytest
from tayari_load.listening_workers import ListeningWorkers


def test_a_master_waits_for_the_last_worker() -> None:
    workers = ListeningWorkers()
    workers.add("a")
    waiting = gevent.spawn(workers.deaf, {"a", "b"})
    gevent.sleep(0.1)
    before = waiting.ready()
    workers.add("b")
    waiting.join(timeout=10)

    assert not before
    assert waiting.value == 0


def test_a_worker_that_never_listens_is_counted_and_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    workers = ListeningWorkers()
    workers.add("a")
    workers.add("of another run")

    assert workers.deaf({"a", "b"}, within_s=0.1) == 1
    assert "1 of 2 workers took no plan within 0.1 s" in caplog.text
