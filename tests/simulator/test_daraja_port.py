"""The Daraja port on real sockets: how calls come in, and every way in which an answer can go wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import orjson
import pytest
from core_kit import Playing, payload
from running_simulator import becomes_silent
from tayari_simulator.faults.base import TableFault
from tayari_simulator.journal.entries import Question
from tayari_simulator.journal.sqlite_file import JournalSearch
from tayari_simulator.state.behaviour import Armed, Behaviour, Call, Fixed, Reply, Step, Transport
from tayari_simulator.transport.connections.daraja_port import LONGEST_PATH
from transport_kit import NOT_COMPILED, Port, in_loop, journal_of, merchant, port, read_answer

PUSH = "/mpesa/stkpush/v1/processrequest"


class Shaped(TableFault):
    """Changes one reply as the test says."""

    def __init__(self, **changes: object) -> None:
        self._changes = changes

    def shape(self, reply: Reply) -> None:
        for name, value in self._changes.items():
            setattr(reply, name, value)


def shaped(**changes: object) -> Playing:
    armed = (Armed(fault=Shaped(**changes), on=Call.STK_PUSH),)
    return Playing(Behaviour(name="shaped", steps=(Step(result_code=0, after=Fixed(0.01)),), armed=armed))


async def raw_push(there: Port, version: str = "1.1", extra: str = "") -> bytes:
    body = orjson.dumps(payload("stk_push.request") | {"CallBackURL": "http://127.0.0.1:1/"})
    head = (
        f"POST {PUSH} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n{extra}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return await there.raw(head.encode() + body)


@pytest.mark.parametrize("path", [PUSH, f"/{PUSH}", "/mpesa//stkpush/v1///processrequest", f"{PUSH}/", f"{PUSH}?x=1"])
def test_doubled_slashes_and_odd_hosts_are_accepted(path: str) -> None:
    async def test() -> None:
        async with port() as there:
            body = payload("stk_push.request")
            status, answer = await there.call(path, body, Host="sandbox.safaricom.co.ke")

            assert (status, answer["ResponseCode"]) == (200, "0")

    in_loop(test)


@pytest.mark.parametrize(("length", "status"), [(LONGEST_PATH, 200), (LONGEST_PATH + 1, 404)])
def test_a_path_longer_than_any_is_not_mended(length: int, status: int) -> None:
    """To decode it costs more than the call itself."""

    async def test() -> None:
        async with port() as there:
            path = "/" * (length - len(PUSH)) + PUSH

            assert (await there.call(path, payload("stk_push.request")))[0] == status

    in_loop(test)


def test_an_unknown_path_is_not_found_in_daraja_s_words() -> None:
    async def test() -> None:
        async with port() as there:
            status, answer = await there.call("/mpesa/c2b/v9/registerurl", {})

            assert (status, answer["errorCode"]) == (404, "404.003.01")

    in_loop(test)


def test_a_connection_is_kept_and_closed_as_the_caller_wishes() -> None:
    async def test() -> None:
        async with port() as there:
            parts = urlsplit(there.simulator.daraja_url)
            connection = await asyncio.open_connection(parts.hostname, parts.port)
            first = await there.call(PUSH, payload("stk_push.request"), connection=connection)
            second = await there.call(PUSH, {}, connection=connection, Connection="close")

            assert (first[0], second[0]) == (200, 400)
            assert await connection[0].read() == b""
            connection[1].close()

    in_loop(test)


@pytest.mark.parametrize(("version", "extra", "header"), [
    ("1.0", "", b"Connection: close"), ("1.0", "Connection: keep-alive\r\n", b"Connection: keep-alive"),
    ("1.1", "Connection: close\r\n", b"Connection: close"), ("1.1", "", None),
])  # fmt: skip
def test_the_answer_says_what_becomes_of_the_connection(version: str, extra: str, header: bytes | None) -> None:
    async def test() -> None:
        async with port() as there:
            answer = await raw_push(there, version, extra)

            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nDate: " in answer
            assert (header in answer) if header else (b"Connection:" not in answer)

    in_loop(test)


def test_a_chunked_body_and_one_that_comes_in_pieces_are_read() -> None:
    async def test() -> None:
        async with port() as there:
            body = orjson.dumps(payload("stk_push.request"))
            head = f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n"
            head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            parts = urlsplit(there.simulator.daraja_url)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            for piece in (body[:100], body[100:]):
                writer.write((head.encode() if head else b"") + b"%x\r\n%b\r\n" % (len(piece), piece))
                head = ""
                await asyncio.sleep(0.02)
            writer.write(b"0\r\n\r\n")

            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
            writer.close()

    in_loop(test)


def test_head_gets_no_body() -> None:
    async def test() -> None:
        async with port() as there:
            parts = urlsplit(there.simulator.daraja_url)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"HEAD {PUSH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()

            assert answer.startswith(b"HTTP/1.1 405")
            assert answer.endswith(b"\r\n\r\n")

    in_loop(test)


def test_the_edge_s_cookies_are_sent_where_the_profile_has_them() -> None:
    async def test() -> None:
        async with port(options={"edge_cookies": "on"}) as there:
            assert b"Set-Cookie: visid_incap_2742146=" in await raw_push(there)

    in_loop(test)


@pytest.mark.parametrize(
    ("changes", "answer", "error"),
    [
        ({"transport": Transport.RESET}, b"reset", "reset by the simulator before an answer"),
        ({"transport": Transport.CLOSE}, b"", "closed by the simulator without an answer"),
        ({"transport": Transport.CLOSE, "delay_s": 0.05}, b"", "closed by the simulator without an answer"),
    ],
)
def test_an_answer_that_never_comes_is_journalled_so_and_the_payment_lives(
    changes: dict[str, object], answer: bytes, error: str
) -> None:
    async def test() -> None:
        async with merchant() as shop, port(shaped(**changes)) as there:
            body = orjson.dumps(payload("stk_push.request") | {"CallBackURL": shop.url})
            head = f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            got = await there.raw(head.encode() + body)
            seen = journal_of(there.simulator, endpoint="stk_push")["entries"][0]

            assert got == answer
            assert (seen["response"], seen["error"], seen["scenario"]) == (None, error, "shaped")
            assert [entry["response"]["status"] for entry in await there.answered()] == [200]

    in_loop(test)


def test_a_truncated_answer_promises_more_than_it_gives() -> None:
    async def test() -> None:
        async with port(shaped(transport=Transport.TRUNCATE, keep_bytes=10)) as there:
            got = await raw_push(there)
            seen = journal_of(there.simulator, endpoint="stk_push")["entries"][0]

            assert len(got) == 10  # the rest of the promised body never comes
            assert "truncated by the simulator after 10 of" in seen["error"]

    in_loop(test)


def test_a_slow_body_arrives_whole() -> None:
    async def test() -> None:
        async with port(shaped(transport=Transport.SLOW_BODY)) as there:
            got = await raw_push(there)

            assert orjson.loads(got.partition(b"\r\n\r\n")[2])["ResponseCode"] == "0"

    in_loop(test)


def test_a_late_answer_does_not_hold_up_the_callback_nor_other_callers() -> None:
    async def test() -> None:
        async with merchant() as shop, port(shaped(delay_s=0.4)) as there:
            late = asyncio.create_task(there.push(shop.url))
            await there.answered()
            assert not late.done()
            status, _ = await there.call(PUSH, {})
            assert (status, late.done()) == (400, False)

            assert (await late)[0] == 200

    in_loop(test)


def test_a_closed_port_refuses_and_opens_again_by_itself() -> None:
    async def test() -> None:
        async with port() as there:
            parts = urlsplit(there.simulator.daraja_url)
            idle = await asyncio.open_connection(parts.hostname, parts.port)
            there.simulator.refuse_connections(0.3)
            assert await idle[0].read() == b""
            idle[1].close()
            with pytest.raises(ConnectionRefusedError):
                await there.push()
            await asyncio.sleep(0.4)

            assert (await there.push())[0] == 200
            assert urlsplit(there.simulator.daraja_url).port == parts.port

    in_loop(test)


def test_a_reply_can_close_the_port_and_a_reset_opens_it() -> None:
    async def test() -> None:
        async with port(shaped(transport=Transport.RESET, close_port_for_s=30.0)) as there:
            assert await raw_push(there) == b"reset"
            with pytest.raises(ConnectionRefusedError):
                await there.push()
            there.simulator.reset()
            await asyncio.sleep(0.05)
            await there.log_in()

            assert (await there.push())[0] == 200

    in_loop(test)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_silent_port_neither_refuses_nor_answers_until_it_opens_again(host: str) -> None:
    async def test() -> None:
        reply = {"transport": Transport.RESET, "close_port_for_s": 30.0, "port_silent": True}
        async with port(shaped(**reply), host=host) as there:
            assert await raw_push(there) == b"reset"
            assert await asyncio.to_thread(becomes_silent, there.simulator.daraja_url.replace("0.0.0.0", "127.0.0.1"))
            there.simulator.reset()
            await asyncio.sleep(0.05)
            await there.log_in()

            assert (await there.push())[0] == 200

    in_loop(test)


def test_a_caller_that_leaves_early_does_no_harm() -> None:
    async def test() -> None:
        async with port(shaped(delay_s=0.1)) as there:
            parts = urlsplit(there.simulator.daraja_url)
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            body = orjson.dumps(payload("stk_push.request"))
            head = f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {there.token}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await there.simulator.wait("push_seen", timeout_s=5)
            writer.close()
            await asyncio.sleep(0.2)

            assert (await there.call(PUSH, {}))[0] == 400

    in_loop(test)


def test_a_header_that_is_not_text_costs_no_entry_of_the_journal(tmp_path: Path) -> None:
    async def test() -> None:
        async with port(journal_file=str(tmp_path / "journal.sqlite")) as there:
            head = f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode()
            await there.raw(head + b"Authorization: Bearer \xff\xfe\r\nX: \xff\r\nContent-Type: \xff\r\n\r\n{}")
            good = f"Authorization: Bearer {there.token}\r\n".encode()
            await there.raw(head + good + b"Content-Type: \xff\r\n\r\n{}")
            texts, _ = await there.simulator.whole_journal(Question())
            entries = [orjson.loads(text) for text in texts]
            waited = await there.simulator.wait("push_seen", count=2, timeout_s=5)

            orjson.dumps(waited)
            assert [entry["response"]["status"] for entry in entries] == [200, 404, 400]
            assert there.simulator.journal_lost() == 0
        rows = JournalSearch(str(tmp_path / "journal.sqlite")).find(Question(), limit=10)
        assert [row.seq for row in rows] == [1, 2, 3]

    in_loop(test)


@NOT_COMPILED
def test_a_callback_stopped_by_a_defect_ends_and_the_next_one_is_sent() -> None:
    async def test() -> None:
        async with merchant() as shop, port() as there:
            targets = there.simulator.callback_sender._targets
            resolve, targets.resolve = targets.resolve, broken  # type: ignore[method-assign]
            await there.push(shop.url)
            (entry,) = await there.answered()
            targets.resolve = resolve  # type: ignore[method-assign]
            await there.push(shop.url, PhoneNumber=254711111111)
            entries = await there.answered(2)

            assert entry["error"] == "not sent, because of a defect of the simulator: RuntimeError('broken')"
            assert entries[1]["response"]["status"] == 200
            assert there.simulator.failures.counts == {"sending a callback": 1}
            assert there.simulator.metrics()["tayari_defects_total"] == 1
            assert there.simulator.balance()["balanced"]

    in_loop(test)


def broken(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("broken")


@NOT_COMPILED
def test_the_scheduler_goes_on_after_a_defect() -> None:
    async def test() -> None:
        async with port() as there:
            due, there.simulator.daraja.due = there.simulator.daraja.due, broken  # type: ignore[method-assign]
            await there.push()
            while not there.simulator.failures.total:
                await asyncio.sleep(0)
            there.simulator.daraja.due = due  # type: ignore[method-assign]
            await there.answered()

            assert there.simulator.failures.counts.keys() == {"the scheduler"}

    in_loop(test)
