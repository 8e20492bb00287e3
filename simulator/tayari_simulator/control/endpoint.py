"""An endpoint of the control API: what it steers, the form of its row, and its refusals in one shape."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson
from aiohttp import web
from tayari_formats.problems import Problem

from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.transport.simulator import Simulator

A_PIECE: Final = 65_536
"""Bytes of a long answer that are written in one turn of the event loop."""


class ControlRefusal(Exception):
    """The caller's fault: `status` 4xx, a `code` for programs, and a message for people."""

    def __init__(self, status: int, code: str, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)

    def response(self) -> web.Response:
        """The refusal as it is sent."""
        body: dict[str, object] = {"error": {"code": self.code, "message": str(self)}}
        if self.problems:
            body["errors"] = [problem.to_dict() for problem in self.problems]
        return answer(body, status=self.status)


def answer(body: object, *, status: int = 200) -> web.Response:
    """A JSON answer. It shows bytes of the caller that are not text as question marks."""
    try:
        raw = orjson.dumps(body)
    except TypeError:  # lone surrogates: bytes of a header or a path that are no UTF-8
        raw = json.dumps(body, ensure_ascii=False).encode(errors="replace")
    return web.Response(body=raw, status=status, content_type="application/json")


async def answer_rows(
    request: web.Request,
    rows: Sequence[bytes],
    *,
    before: bytes,
    after: bytes,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """A JSON answer of many rows, written piece by piece: Daraja's calls and callbacks have their turn in between.

    `rows` are JSON texts; `before` and `after` are the text around them.
    """
    size = len(before) + sum(map(len, rows)) + max(0, len(rows) - 1) + len(after)
    if size <= A_PIECE:
        whole = b"".join((before, b",".join(rows), after))
        return web.Response(body=whole, content_type="application/json", headers=headers)
    response = web.StreamResponse(headers={**(headers or {}), "Content-Type": "application/json"})
    response.content_length = size
    await response.prepare(request)
    if request.method != "HEAD":
        with contextlib.suppress(ConnectionResetError):  # the caller has gone
            await _write_rows(response, rows, before, after)
    return response


async def _write_rows(response: web.StreamResponse, rows: Sequence[bytes], before: bytes, after: bytes) -> None:
    piece, size = [before], len(before)
    for place, row in enumerate(rows):
        piece += (b",", row) if place else (row,)
        size += len(row)
        if size >= A_PIECE:
            await response.write(b"".join(piece))
            await asyncio.sleep(0)
            piece, size = [], 0
    await response.write(b"".join((*piece, after)))
    await response.write_eof()


class Stream(Protocol):
    """An answer that stays open until it is ended."""

    def end(self) -> None:
        """Close it; safe to call twice."""


@dataclass(frozen=True, slots=True)
class Controlled:
    """What the control API steers."""

    simulator: Simulator
    selector: Selector
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One scenario is read at a time, in a thread, so that Daraja answers meanwhile."""
    streams: set[Stream] = field(default_factory=set)
    """The listeners to events; they are closed with the port."""


Handle = Callable[[Controlled, web.Request, Any], Awaitable[object]]
"""Answers a call; it is given what `Route.takes` has read. What is no response is sent as JSON."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row: method, path, what answers, and what it is for."""

    method: str
    path: str
    handle: Handle
    about: str
    """One line, as the OpenAPI document says it."""
    takes: type[object] | None = None
    """The record of its body, or of its query where it is a GET."""
    answers: str = "application/json"
    """The content type of its answer."""
    sends: bool = False
    """Whether it makes the simulator call other servers, and shows what they answer: then it needs the token."""


def check_token(controlled: Controlled, request: web.Request) -> None:
    """Let a call pass that carries the simulator's token. Other programs on this machine do not know it.

    Raises:
        ControlRefusal: 401.
    """
    token = controlled.simulator.config.control_token
    given = request.headers.get("Authorization", "")
    if token is not None and not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode()):
        found = "another token than the simulator's" if given else "no token"
        message = (
            f"found {found}; expected the header `Authorization: Bearer TOKEN`, with the control_token of the ready "
            "line; or start the simulator with --control-open"
        )
        raise ControlRefusal(401, "token_required", message)
