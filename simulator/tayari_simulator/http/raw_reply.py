"""A reply of the Daraja port, written head and body in one go."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from tayari_simulator.core.behaviour import Reply
from tayari_simulator.http.incoming import Incoming


def write_reply(call: Incoming, reply: Reply, extra: bytes = b"") -> bool:
    """Write all of it, unless the caller has left meanwhile; `extra`: more header lines.

    Returns whether the connection is used again.
    """
    transport = call.transport
    if transport is None:
        return False
    keep_alive = call.keep_alive and not _closes(reply)
    head = head_of(reply, len(reply.body), extra, keep_alive=keep_alive, version=call.version)
    transport.write(head if call.method == "HEAD" else head + reply.body)
    return keep_alive


def plain_reply(status: int, text: str) -> Reply:
    """An answer that is not Daraja's: the call could not be read, or the simulator has a defect."""
    return Reply(status, f"{text}\n".encode(), "text/plain; charset=utf-8")


def head_of(reply: Reply, length: int, extra: bytes = b"", *, keep_alive: bool = True, version: str = "1.1") -> bytes:
    """The status line and all header lines of a reply, with the blank line."""
    first = _first_lines(reply.status, reply.content_type if reply.body else "")
    end = b"Content-Length: %d\r\n\r\n" % length
    if not reply.headers and keep_alive and version == "1.1":
        return b"%b%b%b%b" % (first, _date(int(time.time())), extra, end)
    lines = [first, _date(int(time.time())), extra]
    for name, value in reply.headers:
        lines.append(f"{name}: {value}\r\n".encode("latin-1"))
    if not keep_alive and not _closes(reply):
        lines.append(b"Connection: close\r\n")
    elif keep_alive and version == "1.0":
        lines.append(b"Connection: keep-alive\r\n")
    return b"".join([*lines, end])


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
