"""Calls that reach the wrong process: passed on to the owner, and answered as a single process would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from cluster_kit import crew, shipped
from core_kit import PUSH, QUERY, payload
from http_kit import in_loop, merchant, port

FAULTS = sorted(path.stem for path in (Path(__file__).parents[2] / "scenarios" / "ack").glob("*.yaml"))


def plain(answer: bytes) -> bytes:
    """An answer without what differs from one payment, and from one second, to the next."""
    answer = re.sub(rb"\r\nDate: [^\r]+", b"", answer)
    answer = re.sub(rb"ws_CO_\d+", b"ws_CO_", answer)
    return re.sub(rb'("(?:MerchantRequestID|requestId)":")[^"]+', rb"\1ID", answer)


def request(path: str, body: Any, token: str, **headers: str) -> bytes:
    """A call as bytes."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = {"Host": "x", "Authorization": f"Bearer {token}", "Content-Type": "application/json"} | headers
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def odd_calls(phone: str, token: str) -> list[bytes]:
    """Calls of many kinds about a phone: good ones, and ones that are refused at every step of the order."""
    push, query = payload("stk_push.request"), payload("stk_query.request")
    push |= {"PhoneNumber": int(phone), "CallBackURL": "http://127.0.0.1:1/"}
    unknown = f"ws_CO_251120261012131{phone[-9:]}"
    return [
        request(PUSH, push, token),
        request(PUSH, push, token),  # the phone's prompt is open
        request(PUSH, push, "x" * 28),
        request(PUSH, push, token, Authorization=""),
        request(PUSH, push | {"Password": "wrong"}, token),
        request(PUSH, push | {"Amount": "1.5"}, token),
        request(PUSH, {**push, "PhoneNumber": "0700"}, token),
        request(PUSH, b'{"PhoneNumber": %s' % phone.encode(), token),
        request(PUSH, b"PhoneNumber=%s" % phone.encode(), token),
        request(PUSH, push, token, **{"Content-Type": ""}),
        request(PUSH, push, token, **{"Content-Type": "application/x-www-form-urlencoded"}),
        request(PUSH, [], token),
        request("/" + PUSH, push, token),
        request("/mpesa/b2c/v1/paymentrequest", push, token),
        request(QUERY, query | {"CheckoutRequestID": unknown}, token),
        request(QUERY, query | {"CheckoutRequestID": phone[-9:]}, token),
        request(QUERY, query | {"CheckoutRequestID": ""}, token),
        request(PUSH, push, token).replace(b"POST", b"PUT", 1),
    ]


def test_a_call_at_the_wrong_process_is_answered_byte_for_byte_as_by_a_single_one() -> None:
    async def scenario() -> None:
        async with port(options={"outcome_after_s": "30"}) as alone, crew(2, options={"outcome_after_s": "30"}) as two:
            phone, there = two.phone(1), await two.logged_in(0)
            expected = [plain(await alone.raw(call)) for call in odd_calls(phone, alone.token)]
            found = [plain(await there.raw(call)) for call in odd_calls(phone, there.token)]

            assert found == expected
            assert len({answer.partition(b"\r\n")[0] for answer in found}) >= 5
            assert two.passed_on(0) >= 8

    in_loop(scenario)


def test_a_payment_lives_at_its_owner_wherever_it_was_pushed_and_queried() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(3) as three:
            ports = [await three.logged_in(index) for index in range(3)]
            made = []
            for owner in range(3):
                for at in range(3):
                    phone = str(list(zip(range(4), three.phones(owner), strict=False))[at][1])
                    status, told = await ports[at].push(shop.url, PhoneNumber=phone)
                    assert status == 200
                    made.append((owner, told["CheckoutRequestID"]))
            await three.control("POST", "/v1/wait", {"for": "callback_answered", "count": 9, "timeout_s": 5})
            for owner, identifier in made:
                for index, member in enumerate(three.members):
                    assert (member.simulator.payment(identifier) is not None) is (index == owner)
                for at in range(3):
                    body = payload("stk_query.request") | {"CheckoutRequestID": identifier}
                    status, told = await ports[at].call(QUERY, body)
                    assert (status, told["ResultCode"]) == (200, "0")

            assert len({told["MerchantRequestID"] for told in map(_result, shop.bodies)}) == 9
            assert len({_receipt(body) for body in shop.bodies}) == 9

    in_loop(scenario)


def test_one_phone_has_one_prompt_over_all_processes() -> None:
    async def scenario() -> None:
        async with crew(2, options={"outcome_after_s": "30"}) as two:
            phone = two.phone(1)
            first, second = await two.logged_in(0), await two.logged_in(1)

            assert (await first.push(PhoneNumber=phone))[0] == 200
            status, told = await second.push(PhoneNumber=phone)
            assert (status, told["errorCode"]) == (500, "500.001.1001")
            status, told = await first.push(PhoneNumber=phone)
            assert (status, told["errorCode"]) == (500, "500.001.1001")

    in_loop(scenario)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_reaches_the_caller_through_the_process_that_has_the_connection(name: str) -> None:
    async def scenario() -> None:
        scenarios = shipped(f"ack/{name}")
        async with crew(2, scenarios, clock="scaled:1000") as two:
            answers = []
            for owner in range(2):
                there, phone = await two.logged_in(0), two.phone(owner)
                await two.control("POST", "/v1/next", {"scenario": f"ack/{name}", "msisdn": phone})
                push = payload("stk_push.request") | {"PhoneNumber": phone, "CallBackURL": "http://127.0.0.1:1/"}
                answers.append(plain(await there.raw(request(PUSH, push, there.token))))

            assert answers[0] == answers[1]
            assert two.passed_on(0) == 1

    in_loop(scenario)


@pytest.mark.parametrize(("fault", "expected"), [({"reset": {}}, b"reset"), ({"hang": {"for_s": 0.05}}, b"")])
def test_a_connection_that_ends_badly_ends_so_through_another_process(fault: Any, expected: bytes) -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            there, phone = await two.logged_in(0), two.phone(1)
            await two.control("POST", "/v1/next", {"scenario": {"faults": [fault]}, "msisdn": phone})

            answer = await there.raw(request(PUSH, payload("stk_push.request") | {"PhoneNumber": phone}, there.token))
            assert answer == expected
            (entry,) = (await two.control("GET", f"/v1/journal?msisdn={phone}"))["entries"]
            assert entry["response"] is None
            assert "by the simulator" in entry["error"]

    in_loop(scenario)


def test_a_call_whose_owner_is_gone_gets_the_edges_page_and_is_journalled() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            there, phone = await two.logged_in(0), two.phone(1)
            two.peers[1].close()

            answer = await there.raw(request(PUSH, payload("stk_push.request") | {"PhoneNumber": phone}, there.token))
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"Incapsula" in answer
            entries = two.members[0].simulator.journal(endpoint="stk_push")["entries"]
            assert "process 1" in entries[-1]["note"]
            assert two.members[0].simulator.metrics()['tayari_refusals_total{code="process_gone"}'] == 1
            assert (await there.push(PhoneNumber=two.phone(0)))[0] == 200

    in_loop(scenario)


def test_a_stranger_at_the_port_for_processes_is_not_heard() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            import asyncio

            from tayari_simulator.cluster.frames import FrameKind, frame

            for first in (
                frame(0, FrameKind.HELLO, b"guess"),
                frame(1, FrameKind.ASK, b'["claim","stk_push"]'),
                b"GET /",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", two.peers[0].port)
                writer.write(first + b"x" * 20)
                assert await _rest(reader) == b""
                writer.close()

    in_loop(scenario)


async def _rest(reader: Any) -> bytes:
    try:
        return bytes(await reader.read())
    except ConnectionError:
        return b""


def _result(body: Any) -> Any:
    return body["Body"]["stkCallback"]


def _receipt(body: Any) -> str:
    return str(_result(body)["CallbackMetadata"]["Item"][1]["Value"])
