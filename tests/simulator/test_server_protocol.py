"""The connections of connections: what HTTP/1.1 allows is read, what cannot be read is answered and ends."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import orjson
import pytest
from core_kit import Playing, payload
from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Armed, Behaviour, Call, Fixed, Reply, Step
from tayari_simulator.transport.connections.http_messages import MOST_BODY, MOST_HEAD
from tayari_simulator.transport.connections.server_protocol import IDLE_S, SLICE, ServerConnections
from transport_kit import Port, in_loop, journal_of, port, read_answer

PUSH = "/mpesa/stkpush/v1/processrequest"


@asynccontextmanager
async def connection(there: Port) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(there.simulator.daraja_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


def push_bytes(there: Port, number: int = 0, *, path: str = PUSH, extra: str = "", body: bytes | None = None) -> bytes:
    """A push of its own phone."""
    push = payload("stk_push.request") | {"PhoneNumber": 254_700_000_000 + number}
    content = orjson.dumps(push) if body is None else body
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n{extra}"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content


class Late(TableFault):
    """The first answer takes a while."""

    def shape(self, reply: Reply) -> None:
        reply.delay_s = 0.1


def first_is_late() -> Playing:
    armed = (Armed(fault=Late(), on=Call.STK_PUSH),)
    return Playing(Behaviour(name="late", steps=(Step(result_code=0, after=Fixed(0.01)),), armed=armed))


async def phones(there: Port) -> list[str]:
    return [entry["msisdn"] for entry in journal_of(there.simulator, endpoint="stk_push")["entries"]]


def test_calls_in_one_write_are_answered_in_their_order() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(b"".join(push_bytes(there, number) for number in range(20)))
            answers = [await read_answer(reader) for _ in range(20)]

            ids = [orjson.loads(answer.partition(b"\r\n\r\n")[2])["CheckoutRequestID"] for answer in answers]
            assert [identifier[-9:] for identifier in ids] == [f"{700_000_000 + number}" for number in range(20)]

    in_loop(test)


def test_a_call_behind_one_that_takes_long_waits_for_it() -> None:
    async def test() -> None:
        async with port(first_is_late()) as there, connection(there) as (reader, writer):
            writer.write(push_bytes(there, 1))
            await there.simulator.wait("push_seen", timeout_s=5)
            writer.write(push_bytes(there, 2) + push_bytes(there, 3))
            await read_answer(reader)
            assert await phones(there) == ["254700000001", "254700000002", "254700000003"]
            answers = [await read_answer(reader) for _ in range(2)]

            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)

    in_loop(test)


def test_a_call_in_single_bytes_is_read() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            for byte in push_bytes(there):
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0)

            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")

    in_loop(test)


def test_a_caller_who_asks_first_is_told_to_go_on() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            whole = push_bytes(there, extra="Expect: 100-continue\r\n")
            head, _, body = whole.partition(b"\r\n\r\n")
            writer.write(head + b"\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)

            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")

    in_loop(test)


def test_an_offer_of_another_protocol_is_passed_over() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(push_bytes(there, 1, extra="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"))
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
            writer.write(push_bytes(there, 2))

            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")

    in_loop(test)


@pytest.mark.parametrize(("encoding", "zipped"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_zipped_body_is_read(encoding: str, zipped: object) -> None:
    async def test() -> None:
        async with port() as there:
            assert callable(zipped)
            body = zipped(orjson.dumps(payload("stk_push.request")))
            answer = await there.raw(push_bytes(there, extra=f"Content-Encoding: {encoding}\r\n", body=body))
            (seen,) = journal_of(there.simulator, endpoint="stk_push")["entries"]

            assert answer.startswith(b"HTTP/1.1 200")
            assert orjson.loads(seen["request"]["body"]) == payload("stk_push.request")

    in_loop(test)


@pytest.mark.parametrize(
    ("request_", "status", "why"),
    [
        (b"this is not HTTP\r\n\r\n", 400, b"this is not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, b"not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * MOST_HEAD + b"\r\n\r\n", 431, b"the head is longer than"),
        (b"GET /" + b"y" * MOST_HEAD + b" HTTP/1.1\r\n\r\n", 431, b"the head is longer than"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n" + b"x" * (MOST_BODY + 1),
            413,
            b"longer than",
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415, b"expected gzip"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400, b"not in its"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\nx", 417, b"a miracle"),
    ],
)
def test_what_cannot_be_read_is_answered_in_one_line_and_ends(request_: bytes, status: int, why: bytes) -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(request_)
            answer = await reader.read()

            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert b"Connection: close\r\n" in answer
            assert why in answer.partition(b"\r\n\r\n")[2]
            assert (await there.push())[0] == 200

    in_loop(test)


@pytest.mark.parametrize(
    ("length", "body", "status", "why"),
    [
        ("1048577", b"x" * (MOST_BODY + 1), 413, "the body is longer than"),
        ("soon", b"{}", 400, "Content-Length"),
        ("-1", b"{}", 400, "Content-Length"),
        ("1, 2", b"{}", 400, "Content-Length"),
        ("9" * 40, b"{}", 400, "Content-Length"),
    ],
)
@pytest.mark.parametrize("path", [PUSH, "/mpesa/b2c/v3/paymentrequest", "//v1/billmanager-invoice/optin"])
def test_a_body_that_cannot_be_read_is_refused_in_daraja_s_words(
    path: str, length: str, body: bytes, status: int, why: str
) -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode() + body)
            answer = await reader.read()
            entry = journal_of(there.simulator)["entries"][-1]

            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["errorCode"] == "400.002.05"
            assert why in entry["note"]

    in_loop(test)


def test_a_body_that_unpacks_to_too_much_is_refused() -> None:
    async def test() -> None:
        async with port() as there:
            bomb = gzip.compress(b" " * (MOST_BODY * 8))
            answer = await there.raw(push_bytes(there, extra="Content-Encoding: gzip\r\n", body=bomb))

            assert answer.startswith(b"HTTP/1.1 413 ")

    in_loop(test)


@pytest.mark.parametrize("path", [
    f"http://sandbox.safaricom.co.ke{PUSH}", "/mpesa/%73tkpush/v1/processrequest", f"{PUSH}?trace=1",
])  # fmt: skip
def test_other_ways_to_write_a_path_lead_to_the_same_row(path: str) -> None:
    async def test() -> None:
        async with port() as there:
            answer = await there.raw(push_bytes(there, path=path))
            (seen,) = journal_of(there.simulator, endpoint="stk_push")["entries"]

            assert answer.startswith(b"HTTP/1.1 200")
            assert seen["request"]["url"].endswith(path)

    in_loop(test)


def test_headers_that_change_on_a_kept_connection_are_seen() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(push_bytes(there, 1))
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
            writer.write(push_bytes(there, 2).replace(there.token.encode(), b"another"))
            refused = await read_answer(reader)
            writer.write(push_bytes(there, 3))

            assert b"404.001.0" in refused
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")

    in_loop(test)


def test_a_connection_that_says_nothing_is_closed_in_the_end() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(push_bytes(there))
            await read_answer(reader)
            connections = there.simulator._connections
            assert connections is not None
            for caller in connections.connections:
                caller.heard_at -= IDLE_S + 1
            connections._sweep()

            assert await asyncio.wait_for(reader.read(), 5) == b""

    in_loop(test)


def test_a_defect_of_the_simulator_is_reported_as_such(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        def broken(_: object) -> Reply:
            raise RuntimeError("a defect")

        server = await asyncio.get_running_loop().create_server(
            ServerConnections(broken, lambda same: same), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await read_answer(reader)
        writer.close()
        server.close()

        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"errorCode" not in answer
        assert "a defect" in caplog.text

    in_loop(test)


def test_a_caller_that_never_reads_is_not_read_from_for_ever() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (_, writer):
            question = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
            sent = 0
            while sent < 400_000:
                writer.write(question * 1000)
                sent += 1000
                try:
                    await asyncio.wait_for(writer.drain(), 0.5)
                except TimeoutError:
                    break

            assert sent < 400_000, "the simulator took everything and kept the answers in memory"
            assert (await there.push())[0] == 200

    in_loop(test)


def test_a_head_without_end_is_not_kept() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
            for number in range(66):
                writer.write(b"X-%d: %b\r\n" % (number, b"y" * 1000))
                await asyncio.sleep(0)
            answer = await asyncio.wait_for(reader.read(), 5)

            assert answer.startswith(b"HTTP/1.1 431 ")

    in_loop(test)


def test_a_long_row_of_offers_in_one_write_is_read() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            writer.write(b"".join(push_bytes(there, number, extra=offer) for number in range(600)))
            answers = [await read_answer(reader) for _ in range(600)]

            assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}

    in_loop(test)


@pytest.mark.parametrize(("earlier_calls", "most_slices"), [(1, 3), (0, 5)])
def test_a_greedy_caller_leaves_others_their_turn(earlier_calls: int, most_slices: int) -> None:
    """The greedy caller's calls are more than a slice, so that another one, who comes later, is answered before.

    Whoever had a good answer already comes before new callers.
    """

    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer), connection(there) as (other, asks):
            for number in range(earlier_calls):
                asks.write(push_bytes(there, 100 + number))
                await read_answer(other)
            writer.write(b"GET / HTTP/1.1\r\n\r\n" * 4_000)
            asks.write(push_bytes(there, 1))
            await read_answer(other)
            answered_before = sum(
                1 for entry in journal_of(there.simulator, limit=10_000)["entries"] if not entry["endpoint"]
            )
            answers = [await read_answer(reader) for _ in range(4_000)]

            assert answered_before < most_slices * (SLICE // 18 + 1)
            assert all(answer.startswith(b"HTTP/1.1 404") for answer in answers)

    in_loop(test)


def test_a_caller_who_does_not_read_his_answers_is_answered_when_he_does() -> None:
    async def test() -> None:
        async with port() as there, connection(there) as (reader, writer):
            calls = b"GET / HTTP/1.1\r\n\r\n" * 20_000
            writer.write(calls)
            await there.push()
            answers = [await read_answer(reader) for _ in range(20_000)]

            assert all(answer.startswith(b"HTTP/1.1 404") for answer in answers)

    in_loop(test)
