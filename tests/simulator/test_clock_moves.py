"""The three clocks: moved by hand, scaled, and real; and waiting for what happens."""

from __future__ import annotations

import asyncio
import time

import pytest
from core_kit import Playing
from tayari_simulator.clock import ClockError, make_clock
from tayari_simulator.state.behaviour import Behaviour, Fixed, Step
from tayari_simulator.transport.simulator import ClockIsReal
from transport_kit import in_loop, journal_of, merchant, port


def slow(seconds: float, *later: float) -> Playing:
    steps = tuple(
        Step(result_code=code, after=Fixed(after)) for code, after in zip((1037, 0), (seconds, *later), strict=False)
    )
    return Playing(Behaviour(name="slow", steps=steps))


@pytest.mark.parametrize("name", ["", "fast", "scaled", "scaled:", "scaled:x", "scaled:0", "scaled:-1", "scaled:1e9"])
def test_a_clock_that_does_not_exist_is_explained(name: str) -> None:
    with pytest.raises(ClockError, match="expected real, scaled:N"):
        make_clock(name)


def test_a_scaled_clock_runs_so_many_times_as_fast() -> None:
    clock = make_clock("scaled:1000")
    before = clock.now_s()
    time.sleep(0.01)

    assert 10 <= clock.now_s() - before < 10_000
    assert clock.real_s(60) == 0.06


def test_a_manual_clock_stands_and_never_goes_back() -> None:
    clock = make_clock("manual")
    now_s = clock.now_s()
    clock.move_to(now_s + 5)
    clock.move_to(now_s)

    assert clock.now_s() == pytest.approx(now_s + 5)


def test_an_hour_passes_by_hand_and_everything_happens_at_its_own_time() -> None:
    async def test() -> None:
        async with merchant() as shop, port(slow(60, 600), clock="manual") as there:
            await there.push(shop.url)
            begun_s = there.simulator.now_s()
            nothing = await there.simulator.advance(by_s=59)
            assert (nothing["fired"], shop.requests) == (0, [])
            first = await there.simulator.advance(to_next=True)
            rest = await there.simulator.advance(until_idle=True)
            times = [round(entry["virtual_at"] - begun_s) for entry in await there.answered(2)]

            assert (first["fired"], rest["fired"]) == (1, 1)
            assert times == [60, 660]
            assert [body["Body"]["stkCallback"]["ResultCode"] for body in shop.bodies] == [1037, 0]
            assert (await there.simulator.advance(by_s=10))["now_s"] == pytest.approx(begun_s + 670)

    in_loop(test)


def test_what_is_due_at_once_happens_without_moving_a_manual_clock() -> None:
    async def test() -> None:
        async with merchant() as shop, port(slow(0), clock="manual") as there:
            await there.push(shop.url)

            assert len(await there.answered()) == 1

    in_loop(test)


def test_a_clock_that_runs_cannot_be_moved() -> None:
    async def test() -> None:
        async with port() as there:
            with pytest.raises(ClockIsReal, match="--clock manual"):
                await there.simulator.advance(by_s=1)
            with pytest.raises(ValueError, match="exactly one"):
                await there.simulator.advance()

    in_loop(test)


def test_a_minute_s_time_out_takes_a_moment_on_a_scaled_clock() -> None:
    async def test() -> None:
        async with merchant() as shop, port(slow(60), clock="scaled:300") as there:
            began = time.monotonic()
            await there.push(shop.url)
            await there.answered(timeout_s=30.0)

            assert time.monotonic() - began > 0.19

    in_loop(test)


def test_waiting_for_results_and_for_calm() -> None:
    async def test() -> None:
        async with merchant() as shop, port(slow(60), clock="manual") as there:
            _, ack = await there.push(shop.url)
            early = await there.simulator.wait("result_due", timeout_s=0.0, msisdn="254708374149")
            until_due = there.simulator.wait("result_due", timeout_s=60.0, transaction_id=ack["CheckoutRequestID"])
            waiting = asyncio.create_task(until_due)
            await asyncio.sleep(0)
            assert not waiting.done()
            await there.simulator.advance(to_next=True)
            due = await waiting
            calm = await there.simulator.wait("idle", timeout_s=60.0)

            assert (early["met"], due["met"], calm["met"]) == (False, True, True)
            assert [entry["endpoint"] for entry in due["entries"]] == ["stk_push"]
            with pytest.raises(ValueError, match="expected one of push_seen"):
                await there.simulator.wait("never", timeout_s=0)

    in_loop(test)


def test_only_what_comes_after_since_is_waited_for() -> None:
    async def test() -> None:
        async with port() as there:
            await there.push()
            mark = journal_of(there.simulator, limit=1)["next"]
            late = await there.simulator.wait("push_seen", timeout_s=0.0, since=mark)
            await there.push(PhoneNumber=254711000111)
            now = await there.simulator.wait("push_seen", timeout_s=0.0, since=mark)

            assert (late["met"], now["met"], len(now["entries"])) == (False, True, 1)

    in_loop(test)


def test_a_long_journal_is_read_in_pages() -> None:
    async def test() -> None:
        async with port() as there:
            for _ in range(7):
                await there.push(Amount=0)
            page = journal_of(there.simulator, since=1, limit=5)
            rest = journal_of(there.simulator, since=page["next"], limit=5)
            latest = journal_of(there.simulator, limit=2)

            assert [entry["seq"] for entry in page["entries"]] == [1, 2, 3, 4, 5]
            assert [entry["seq"] for entry in rest["entries"]] == [6, 7, 8]
            assert [entry["seq"] for entry in latest["entries"]] == [7, 8]
            assert rest["next"] == latest["next"] == 9

    in_loop(test)
