"""The simulator says when it is itself near its limit, and why; and it says nothing when it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tayari_simulator.transport.monitor import THRESHOLDS, Limits, MonitorCounts
from transport_kit import in_loop, merchant, port

CALM = {"loop_lag_s": 0.001, "late_s": 0.001, "journal_behind": 0.0}


def looked(seconds: int, measures: Callable[[int], dict[str, float]], *, pushes: int = 10, lost: int = 0) -> Limits:
    """Limits that have measured a number of times, with these values each time."""
    seen, number = MonitorCounts(), 0

    def measure() -> dict[str, float]:
        return CALM | measures(number)

    limits = Limits(lambda: MonitorCounts(seen.pushes, seen.callbacks, seen.cpu_s, seen.lost), measure)
    for number in range(seconds):  # noqa: B007 - read by `measure`
        seen.pushes += pushes
        seen.lost = lost
        limits.look()
    return limits


def test_calm_seconds_are_no_reason() -> None:
    found = looked(100, lambda _: {}).to_dict()

    assert (found["near_limit"], found["reasons"], found["near_s"], found["busy_s"]) == (False, [], 0, 100)
    assert set(found["thresholds"]) == {row.name for row in THRESHOLDS}


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("loop_lag_s", 0.3, "event loop"), ("late_s", 0.4, "lateness"), ("journal_behind", 50_000.0, "written")],
)
def test_what_is_above_its_threshold_is_named_with_its_worst_value(name: str, value: float, word: str) -> None:
    found = looked(20, lambda number: {name: value if number == 3 else value / 2 if number == 4 else 0.0}).to_dict()

    assert found["near_limit"]
    (reason,) = found["reasons"]
    assert word in reason
    assert f"{value:.3g}" in reason


def test_one_bad_second_or_a_small_share_of_them_is_a_hiccup() -> None:
    assert not looked(3, lambda number: {"late_s": 1.0 if number == 1 else 0.0}).near
    assert not looked(100, lambda number: {"late_s": 1.0 if number < 4 else 0.0}).near
    assert looked(100, lambda number: {"late_s": 1.0 if number < 5 else 0.0}).near


def test_seconds_without_traffic_do_not_count() -> None:
    assert not looked(10, lambda _: {"loop_lag_s": 1.0}, pushes=0).near


def test_an_entry_that_the_disk_refused_is_always_reported() -> None:
    found = looked(100, lambda _: {}, lost=1).to_dict()

    assert found["near_limit"]
    assert "disk refused" in found["reasons"][0]


def test_a_cleared_watch_begins_anew() -> None:
    limits = looked(20, lambda _: {"late_s": 1.0})
    limits.clear()

    assert (limits.near, limits.to_dict()["reasons"]) == (False, [])


def test_a_merchant_that_hangs_is_not_the_simulators_lateness() -> None:
    async def never(_: bytes) -> None:
        return None

    async def test() -> None:
        async with merchant(never) as shop, port(options={"callback_timeout_s": "1.0"}) as there:
            waiting = 0  # the most at once: on a busy machine the first have timed out before the last push
            for number in range(128):
                await there.push(shop.url, PhoneNumber=254700000000 + number)
                waiting = max(waiting, int(there.simulator.metrics()["tayari_callbacks_waiting"]))
            entries: list[Any] = await there.answered(128, timeout_s=60)  # one after another they would need 128 s
            metrics, counts = there.simulator.metrics(), there.simulator.callback_sender.counts

            assert waiting > 0
            assert metrics["tayari_callbacks_waiting"] == 0
            assert metrics["tayari_callbacks_late_p99_seconds"] == counts.late_p_s(0.99)
            assert max(counts.own_late_s, default=0.0) < max(counts.late_s), "some waited for the merchant"
            assert len(entries) == 128
            assert "late_s" in there.simulator.limits()["last_second"]

    in_loop(test)


def test_it_says_at_which_rate_it_stops_being_trustworthy() -> None:
    """Ten seconds, each with ten pushes more than the last; the last three are too much for it."""
    seen = MonitorCounts()
    limits = Limits(lambda: MonitorCounts(seen.pushes, seen.callbacks, seen.cpu_s, seen.lost), lambda: dict(CALM))
    for number in range(1, 11):
        limits._last_at -= 1.0  # the second that has passed
        seen.pushes += number * 10
        seen.cpu_s += number * 0.11
        limits.look()

    rates = limits.to_dict()["pushes_per_s"]
    assert rates["calm_up_to"] == pytest.approx(70, rel=0.01)
    assert rates["near_limit_from"] == pytest.approx(80, rel=0.01)
    assert rates["expected_limit"] == pytest.approx(72.7, rel=0.01)


def test_almost_no_traffic_shows_no_rate() -> None:
    rates = looked(20, lambda _: {}).to_dict()["pushes_per_s"]

    assert (rates["near_limit_from"], rates["expected_limit"]) == (None, None)


def test_asking_often_does_not_make_seconds() -> None:
    async def test() -> None:
        async with port() as there:
            await there.push()
            for _ in range(50):
                found = there.simulator.limits()

            assert found["busy_s"] <= 1

    in_loop(test)
