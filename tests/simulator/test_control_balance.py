"""The two answers that a load run ends with: do the counts add up, and was the simulator itself the limit."""

from __future__ import annotations

from running_simulator import running
from tayari_simulator.scenarios.scenario_reader import read_scenario
from tayari_simulator.transport.monitor import THRESHOLDS

SILENT = (
    "scenario: payment/silent\nabout: Paid, but no callback is sent.\noutcome:\n  result_code: 0\n  callback: false\n"
)


def test_every_accepted_push_is_called_back_dropped_or_pending() -> None:
    scenario, problems = read_scenario(SILENT, file="silent.yaml")
    assert scenario is not None, problems
    with running((scenario,), options={"outcome_after_s": "0.01"}, allow_hosts=()) as server:
        control = server.control
        server.pushed("254700000001")
        control.play_next("payment/silent", msisdn="254700000002")
        server.pushed("254700000002")
        server.callback_url = "http://shop.example/pay"
        server.pushed("254700000003")
        assert control.wait("idle", timeout_s=5)["met"]
        through = control.balance()
        control.reset()

        assert through == {
            "accepted": 3, "called_back": 1, "dropped_by_scenario": 1, "not_allowed": 1, "pending": 0, "forgotten": 0,
            "difference": 0, "owed": 0, "planned": 0, "balanced": True,
        }  # fmt: skip


def test_what_is_open_is_counted_and_a_reset_forgets_it() -> None:
    with running(options={"outcome_after_s": "1000"}) as server:
        server.pushed("254700000001")
        before = server.control.balance()
        server.control.reset()
        after = server.control.balance()

        assert (before["pending"], before["owed"], before["planned"], before["balanced"]) == (1, 1, 1, True)
        assert (after["pending"], after["forgotten"], after["owed"], after["balanced"]) == (0, 1, 0, True)


def test_the_limits_are_reported_with_their_thresholds() -> None:
    with running(options={"outcome_after_s": "0.01"}) as server:
        server.pushed("254700000001")
        found = server.control.limits()

        assert set(found) == {"near_limit", "reasons", "near_s", "busy_s", "pushes_per_s", "last_second", "thresholds"}
        assert set(found["thresholds"]) == {row.name for row in THRESHOLDS} <= set(found["last_second"])
