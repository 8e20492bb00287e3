"""What the load reads of the simulator: callbacks, its balance, and what its journal did not keep."""

from __future__ import annotations

import time
from typing import Any

import pytest
from running_simulator import running
from tayari_control.client import ControlClient
from tayari_load.simulator_monitor import CallbackRange, SimulatorMonitor, weigh
from tayari_load.statistics.latencies import Span
from tayari_reports.verdict.load_words import balance_sentence

QUICK = {"outcome_after_s": "0.01"}
EVEN = {
    "accepted": 5, "called_back": 3, "dropped_by_scenario": 1, "not_allowed": 0, "pending": 1, "forgotten": 0,
    "difference": 0, "owed": 2, "planned": 2,
}  # fmt: skip
SAME = CallbackRange(fewest=3, most=3, noted=3)


def test_a_run_on_the_simulator_adds_up_and_its_callbacks_are_timed() -> None:
    with running(options=QUICK) as server:
        monitor = SimulatorMonitor(control=ControlClient(server.control.control_url))
        server.pushed("254700000001")
        assert server.control.wait("idle", timeout_s=5)["met"]
        monitor.begin(time.time())
        for number in range(2, 7):
            server.pushed(f"25470000000{number}")
        assert server.control.wait("idle", timeout_s=5)["met"]
        monitor.finish(time.time())

        balance = monitor.balance
        assert monitor.broken == ""
        assert balance is not None
        assert (balance.accepted, balance.accepted_in_run, balance.called_back) == (6, 5, 6)
        assert (balance.callbacks, balance.noted) == (5, 5)
        assert monitor.latencies.count(Span.CALLBACK_ANSWER) == 5
        assert monitor.payments_called_back() == 5
        assert monitor.warnings() == ()


def test_forged_and_ordered_callbacks_are_counted_like_the_others() -> None:
    with running(options=QUICK) as server:
        monitor = SimulatorMonitor(control=ControlClient(server.control.control_url))
        monitor.begin(time.time())
        server.pushed("254700000001")
        assert server.control.wait("idle", timeout_s=5)["met"]
        server.control.send_callback(url=server.callback_url, result_code=0)
        monitor.finish(time.time())

        assert monitor.broken == ""
        assert monitor.balance is not None
        assert monitor.balance.noted == monitor.balance.callbacks == 2


def test_entries_that_the_journals_bound_pushed_out_are_a_warning_and_no_accusation() -> None:
    with running(options=QUICK, journal_bytes=4_096) as server:
        monitor = SimulatorMonitor(control=ControlClient(server.control.control_url))
        monitor.begin(time.time())
        for number in range(30):
            server.pushed(f"2547000001{number:02d}")
        assert server.control.wait("idle", timeout_s=10)["met"]
        monitor.finish(time.time())

        assert monitor.broken == ""
        assert monitor.balance is not None
        assert monitor.balance.noted is None
        (warning,) = [each for each in monitor.warnings() if each.startswith("the fake's journal pushed entries out")]
        assert warning.endswith("of 30 callbacks")
        assert "not read in whole in the journal" in balance_sentence(monitor.balance)


def test_a_simulator_that_is_gone_is_broken() -> None:
    with running() as server:
        monitor = SimulatorMonitor(control=ControlClient(server.control.control_url))
        monitor.begin(time.time())
    monitor.finish(time.time())

    assert "did not answer: connection refused" in monitor.broken


WRONG = [
    (
        {**EVEN, "difference": 2},
        SAME,
        "of 5 accepted transactions 2 are neither called back, nor dropped by a scenario",
    ),
    ({**EVEN, "difference": -1}, SAME, "of 5 accepted transactions 1 ended twice"),
    ({**EVEN, "planned": 1}, SAME, "pending payments wait for 2 results and callbacks, and 1 are planned"),
    (EVEN, CallbackRange(fewest=4, most=4, noted=3), "4 callbacks were counted, and the journal has 3"),
    (EVEN, CallbackRange(fewest=2, most=2, noted=3), "2 callbacks were counted, and the journal has 3"),
]


@pytest.mark.parametrize(("answer", "callbacks", "problem"), WRONG)
def test_each_way_not_to_add_up_is_named(answer: dict[str, Any], callbacks: CallbackRange, problem: str) -> None:
    balance = weigh({}, answer, callbacks)

    assert balance.problems[0].startswith(problem)
    assert "does NOT add up" in balance_sentence(balance)


def test_callbacks_that_are_answered_while_the_journal_is_read_are_no_difference() -> None:
    assert weigh({}, EVEN, CallbackRange(fewest=3, most=6, noted=5)).problems == ()
