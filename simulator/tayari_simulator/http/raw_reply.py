"""A reply of the Daraja port, written head and body in one go: without header map and signals it costs half as much."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from tayari_simulator.core.behaviour import Reply


class RawReply(web.StreamResponse):
    """An answer as bytes. aiohttp asks of it only what is here: `prepare`, `write_eof` and `keep_alive`."""

    def __init__(self, reply: Reply | None, extra: bytes = b"") -> None:
        """`reply` None: nothing is written, the connection has been dealt with already. `extra`: more header lines."""
        self._reply = reply
        self._extra = extra
        self._open = reply is not None

    @property
    def keep_alive(self) -> bool:
        """Whether the connection is used again."""
        return self._open

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Write all of it, unless the caller has left meanwhile."""
        reply, transport = self._reply, request.transport
        if reply is None or transport is None:
            return None
        if not request.keep_alive or _closes(reply):
            self._open = False
        head = head_of(reply, len(reply.body), self._extra, keep_alive=self._open, version=request.version[1])
        transport.write(head if request.method == "HEAD" else head + reply.body)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All is written already."""


def head_of(reply: Reply, length: int, extra: bytes = b"", *, keep_alive: bool = True, version: int = 1) -> bytes:
    """The status line and all header lines of a reply, with the blank line."""
    lines = [_first_lines(reply.status, reply.content_type if reply.body else ""), _date(int(time.time())), extra]
    for name, value in reply.headers:
        lines.append(f"{name}: {value}\r\n".encode("latin-1"))
    if not keep_alive and not _closes(reply):
        lines.append(b"Connection: close\r\n")
    elif keep_alive and version == 0:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"Content-Length: %d\r\n\r\n" % length)
    return b"".join(lines)


def _closes(reply: Reply) -> bool:
    """Whether the reply itself says `Connection: close`, as the edge's page does."""
    return bool(reply.headers) and any(
        name.lower() == "connection" and value.lower() == "close" for name, value in reply.headers
    )


@lru_cache(maxsize=128)
def _first_lines(status: int, content_type: str) -> bytes:
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    media = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"HTTP/1.1 {status} {reason}\r\n{media}".encode("latin-1")


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode("latin-1")
