"""Answers of many rows: whole, of the announced length, and written in many turns of the event loop."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from tayari_simulator.control.control_app import open_application
from tayari_simulator.control.endpoint import A_PIECE, answer_rows

ROWS = [json.dumps({"number": number, "text": "x" * 1000}).encode() for number in range(1000)]


async def answered(rows: list[bytes]) -> tuple[dict[str, object], str | None, int]:
    """The answer that has these rows, its Content-Length, and the turns that other work had while it was written."""
    turns = 0
    writing = asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += writing.is_set()

    async def handle(request: web.Request) -> web.StreamResponse:
        writing.set()
        answer = await answer_rows(request, rows, before=b'{"rows":[', after=b'],"next":7}')
        writing.clear()
        return answer

    app = web.Application()
    app.router.add_get("/", handle)
    opened = await open_application(app, host="127.0.0.1", port=0)
    other = asyncio.create_task(count())
    async with aiohttp.ClientSession() as session, session.get(opened.url) as response:
        body = await response.json()
        length = response.headers.get("Content-Length")
        assert len(await response.read()) == int(length or 0)
    other.cancel()
    await opened.close()
    return body, length, turns


@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_an_answer_of_many_rows_is_whole(count: int) -> None:
    body, _, _ = asyncio.run(answered(ROWS[:count]))

    assert body == {"rows": [json.loads(row) for row in ROWS[:count]], "next": 7}


def test_other_work_has_its_turn_after_each_piece() -> None:
    _, length, turns = asyncio.run(answered(ROWS))

    assert turns >= int(length or 0) // A_PIECE - 1 > 10


async def written_by_hand(*requests: bytes, hang_up: bool = False) -> bytes:
    """What a connection that sends these requests, one after the other, reads of answers with all rows."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer_rows(request, ROWS if request.path == "/" else [], before=b"[", after=b"]")

    app = web.Application()
    app.router.add_get("/{any:.*}", handle)
    opened = await open_application(app, host="127.0.0.1", port=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.url.rpartition(":")[2]))
    writer.write(b"".join(b"%s HTTP/1.1\r\nHost: x\r\n\r\n" % request for request in requests))
    read = await reader.read(100) if hang_up else await reader.readuntil(b"\r\n\r\n[]")
    writer.transport.abort()
    if hang_up:
        async with aiohttp.ClientSession() as session, session.get(f"{opened.url}/short") as other:
            await other.read()  # by then the server has seen it
    await opened.close()
    return read


def test_the_head_of_a_long_answer_is_its_head_alone() -> None:
    read = asyncio.run(written_by_hand(b"HEAD /", b"GET /short"))

    assert read.count(b"HTTP/1.1 200 OK") == 2
    assert b"Content-Length: 10" in read
    assert b"xxx" not in read


def test_a_caller_that_hangs_up_in_a_long_answer_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    read = asyncio.run(written_by_hand(b"GET /", hang_up=True))

    assert read.startswith(b"HTTP/1.1 200 OK")
    assert caplog.records == []
