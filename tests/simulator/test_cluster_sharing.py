"""What must be the same in all processes: tokens, turns of one-shots, timelines, outages, limits, identifiers."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

import pytest
from cluster_kit import Crew, crew, shipped
from core_kit import QUERY, payload
from http_kit import Port, in_loop, merchant
from tayari_simulator.cluster.building import Member
from tayari_simulator.scenario.read import read_inline

PUSHED = {"CallBackURL": "http://127.0.0.1:1/"}


async def ports(made: Crew) -> list[Port]:
    """All Daraja ports, with one token."""
    first = await made.logged_in(0)
    return [Port(member.simulator, first.token) for member in made.members]


async def settled(condition: Any, within_s: float = 2.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)


def test_a_token_is_of_thirty_characters_at_most_and_good_everywhere() -> None:
    async def scenario() -> None:
        async with crew(3) as three:
            for issuer in range(3):
                first = await three.logged_in(issuer, at=issuer)
                assert len(first.token) == 28
                assert first.token.isalnum()
                for index, member in enumerate(three.members):
                    there = Port(member.simulator, first.token)
                    assert (await there.push(PhoneNumber=three.phone(issuer), Amount=10 + issuer * 3 + index))[0] in {
                        200,
                        500,
                    }
                    assert (await there.call(QUERY, payload("stk_query.request")))[1]["errorCode"] != "404.001.03"

    in_loop(scenario)


def test_revoked_tokens_are_dead_everywhere_once_it_is_answered() -> None:
    async def scenario() -> None:
        async with crew(3) as three:
            before = await ports(three)
            assert await three.control("POST", "/v1/tokens/revoke", {}) == {"revoked": 1}
            for there in before:
                assert (await there.push(PhoneNumber=three.phone(1)))[1]["errorCode"] == "404.001.03"
            for there in await ports(three):
                assert (await there.push(PhoneNumber=three.phone(2), Amount=77))[0] in {200, 500}

    in_loop(scenario)


@pytest.mark.parametrize("at", [0, 1])
def test_a_fault_that_revokes_tokens_does_so_everywhere_before_its_answer(at: int) -> None:
    async def scenario() -> None:
        async with crew(3, shipped("token/revoked-mid-run")) as three:
            there, phone = await ports(three), three.phone(1)
            await three.control("POST", "/v1/next", {"scenario": "token/revoked-mid-run", "msisdn": phone})
            assert (await there[at].push(PhoneNumber=phone))[1]["errorCode"] == "404.001.03"
            for index in range(3):
                assert (await there[index].push(PhoneNumber=three.phone(index)))[1]["errorCode"] == "404.001.03"

    in_loop(scenario)


def test_a_new_token_cancels_the_apps_old_ones_at_every_process() -> None:
    async def scenario() -> None:
        async with crew(2, options={"new_token_cancels_old": "on"}) as two:
            old, new = await two.logged_in(1), await two.logged_in(1)
            assert (await old.push(PhoneNumber=two.phone(1)))[1]["errorCode"] == "404.001.03"
            assert (await new.push(PhoneNumber=two.phone(1)))[0] == 200

    in_loop(scenario)


def test_a_short_life_of_a_token_ends_everywhere() -> None:
    async def scenario() -> None:
        async with crew(2, shipped("token/expires-soon"), clock="manual") as two:
            await two.control("POST", "/v1/next", {"scenario": "token/expires-soon", "endpoint": "oauth"})
            there = await two.logged_in(1, at=1)
            assert (await there.push(PhoneNumber=two.phone(0)))[0] == 200
            await two.control("POST", "/v1/clock/advance", {"by_s": 600})
            assert (await there.push(PhoneNumber=two.phone(1)))[1]["errorCode"] == "404.001.03"

    in_loop(scenario)


def test_one_shots_of_the_push_endpoint_go_to_whoever_comes_first_anywhere_and_to_nobody_else() -> None:
    async def scenario() -> None:
        async with crew(3) as three:
            there = await ports(three)
            one_shot = {"outcome": {"result_code": 1}}
            await three.control("POST", "/v1/next", {"scenario": one_shot, "endpoint": "stk_push", "times": 3})
            phones = [phone for owner in (2, 1, 0) for phone in islice(three.phones(owner), 2)]
            for number, phone in enumerate(phones):
                assert (await there[number % 3].push(PhoneNumber=phone, **PUSHED))[0] == 200
            await three.control("POST", "/v1/wait", {"for": "result_due", "count": 6, "timeout_s": 5})
            codes = [(await _payment(three, phone))["result_code"] for phone in phones]

            assert codes == [1, 1, 1, 0, 0, 0]
            assert sum(member.selector.queued for member in three.members) == 0

    in_loop(scenario)


def test_a_turn_that_a_refused_push_did_not_use_is_the_next_ones() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            there = await ports(two)
            await two.control("POST", "/v1/next", {"scenario": {"outcome": {"result_code": 1}}, "endpoint": "stk_push"})
            assert (await there[1].push(PhoneNumber=two.phone(1), Password="wrong"))[0] == 500
            await settled(lambda: two.members[0].selector.queued == 1)
            assert (await there[1].push(PhoneNumber=two.phone(1), **PUSHED))[0] == 200
            await two.control("POST", "/v1/wait", {"for": "result_due", "timeout_s": 5})
            assert (await _payment(two, two.phone(1)))["result_code"] == 1

    in_loop(scenario)


def test_a_query_fault_counts_the_calls_of_all_processes() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            there = await ports(two)
            fault = {"when": {"endpoint": "stk_query"}, "faults": [{"html": {"page": "imperva_503", "times": 3}}]}
            await two.control("POST", "/v1/next", {"scenario": fault, "endpoint": "stk_query"})
            statuses = []
            for number in range(6):
                identifier = f"ws_CO_251120261012131{two.phone(number % 2)[-9:]}"
                body = payload("stk_query.request") | {"CheckoutRequestID": identifier}
                statuses.append(await _raw_status(there[0], QUERY, body))

            assert statuses == [503, 503, 503, 500, 500, 500]

    in_loop(scenario)


def test_an_active_scenario_of_the_query_endpoint_counts_over_all_processes_and_ends_for_all() -> None:
    async def scenario() -> None:
        found, problems = read_inline({
            "scenario": "query/twice-down", "when": {"endpoint": "stk_query"},
            "faults": [{"html": {"page": "imperva_503", "times": 2}}],
        })  # fmt: skip
        assert found is not None
        assert not problems
        async with crew(2, [found]) as two:
            there = await ports(two)
            await two.control("PUT", "/v1/scenarios/active", {"scenario": "query/twice-down"})
            statuses = []
            for number in (1, 0, 1, 0):
                body = payload("stk_query.request") | {"CheckoutRequestID": f"ws_CO_1{two.phone(number)[-9:]}"}
                statuses.append(await _raw_status(there[number], QUERY, body))

            assert statuses == [503, 503, 500, 500]

    in_loop(scenario)


def test_a_timeline_begins_everywhere_with_the_first_call_anywhere() -> None:
    async def scenario() -> None:
        found, _ = read_inline(
            {"scenario": "service/out", "faults": [{"html": {"page": "imperva_503", "until_s": 60}}]}
        )
        assert found is not None
        async with crew(2, [found], clock="manual") as two:
            there = await ports(two)
            await two.control("PUT", "/v1/scenarios/active", {"scenario": "service/out"})
            assert await _raw_push(there[0], two.phone(0)) == 503
            timelines = two.members[1].selector._timelines
            await settled(lambda: timelines["service/out"].began_s is not None)
            await two.control("POST", "/v1/clock/advance", {"by_s": 61})
            assert await _raw_push(there[1], two.phone(1)) == 200

    in_loop(scenario)


def test_a_callback_is_overtaken_by_one_of_another_process() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(2, options={"outcome_after_s": "0.05"}) as two:
            there = await ports(two)
            late = {"outcome": {"after_s": 0.01}, "faults": [{"reorder": {"within_s": 30}}]}
            await two.control("POST", "/v1/next", {"scenario": late, "msisdn": two.phone(0)})
            for owner in (0, 1):
                assert (await there[0].push(shop.url, PhoneNumber=two.phone(owner)))[0] == 200
            await two.control("POST", "/v1/wait", {"for": "callback_answered", "count": 2, "timeout_s": 5})

            assert [_phone(body) for body in shop.bodies] == [two.phone(1), two.phone(0)]

    in_loop(scenario)


def test_an_outage_closes_the_port_of_every_process() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            there = await ports(two)
            await two.control("POST", "/v1/outage", {"kind": "refuse", "for_s": 30})
            for one in there:
                with pytest.raises(ConnectionRefusedError):
                    await one.push()
            await two.control("POST", "/v1/reset", {})
            await settled(lambda: all(is_open(member) for member in two.members))

    in_loop(scenario)


def test_a_fault_that_closes_the_port_closes_it_everywhere() -> None:
    async def scenario() -> None:
        async with crew(2, shipped("service/connection-refused")) as two:
            there = await ports(two)
            name = "service/connection-refused"
            await two.control("POST", "/v1/next", {"scenario": name, "msisdn": two.phone(1)})
            await _raw_push(there[0], two.phone(1))
            await settled(lambda: not any(is_open(member) for member in two.members))
            for one in there:
                with pytest.raises(ConnectionRefusedError):
                    await one.push()

    in_loop(scenario)


def test_a_limit_of_an_app_holds_over_all_processes() -> None:
    async def scenario() -> None:
        async with crew(2, options={"pushes_per_minute": "60"}, clock="manual", together=True) as two:
            there = await ports(two)
            statuses = [await _raw_push(there[number % 2], f"25471340000{number}") for number in range(4)]
            assert statuses == [200, 429, 429, 429]

    in_loop(scenario)


def is_open(member: Member) -> bool:
    """Whether its Daraja port listens."""
    listener = member.app.listener
    return listener is not None and listener.is_open


async def _payment(made: Crew, phone: str) -> Any:
    return (await made.control("GET", f"/v1/payments?msisdn={phone}"))["payments"][-1]


async def _raw_status(there: Port, path: str, body: Any) -> int:
    import orjson

    content = orjson.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    answer = await there.raw(head.encode() + content)
    return int(answer.split()[1]) if answer[:5] == b"HTTP/" else 0


async def _raw_push(there: Port, phone: str) -> int:
    from core_kit import PUSH

    return await _raw_status(there, PUSH, payload("stk_push.request") | PUSHED | {"PhoneNumber": phone})


def _phone(body: Any) -> str:
    return str(body["Body"]["stkCallback"]["CallbackMetadata"]["Item"][-1]["Value"])
