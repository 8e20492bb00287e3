"""Answers of many rows: whole, of the announced length, and written in many turns of the event loop."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from tayari_simulator.control.app import open_application
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
