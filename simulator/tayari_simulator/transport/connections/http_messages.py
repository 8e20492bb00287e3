"""A call of the Daraja port as it came in, and the bytes of its reply."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Generic, Protocol, TypeVar

from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.raw_headers import LONGEST_SHARED, RawHeaders

MOST_BODY: Final = 1024 * 1024
"""A longer body is refused."""
MOST_HEAD: Final = 64 * 1024
HEAD_END: Final = b"\r\n\r\n"
MOST_HEADS: Final = 512
Parsed = TypeVar("Parsed")

_ZIPPED: Final = 32 + zlib.MAX_WBITS
"""The form that zlib recognises by itself: gzip, or its own."""


class Line(Protocol):
    """A caller's connection, as replies see it."""

    transport: asyncio.Transport | None
    """None once the caller has left."""

    def close(self) -> None:
        """End the connection after the call that is under way."""

    def force_close(self) -> None:
        """End it now."""


@dataclass(frozen=True, slots=True)
class SharedHeaders:
    """What the calls of one connection have in common, as long as their headers are equal."""

    headers: RawHeaders
    authorization: str | None
    content_type: str | None
    encoding: bytes = b""
    """Of the body, in small letters; empty: as it is."""
    expects: bytes = b""


@dataclass(slots=True)
class Incoming:
    """One call. `method` and `url` are as they were written."""

    line: Line
    remote: str
    method: str
    url: str
    sender: SharedHeaders
    body: bytes
    version: str
    """`1.1` or `1.0`."""
    keep_alive: bool
    """Whether the caller wants to keep this connection."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """Where to write; None once the caller has left."""
        return self.line.transport


class KnownHead(Generic[Parsed]):
    """One head that was read: its bytes, the length of the body that it announces, and what else it says."""

    def __init__(self, head: bytes, body_bytes: int, parsed: Parsed) -> None:
        self.head = head
        self.body_bytes = body_bytes
        self.parsed = parsed


class KnownHeads(Generic[Parsed]):
    """What was read of earlier heads, by their bytes: a caller begins most of its messages alike.

    To read the head of a push anew takes a third of the time from its first byte to its acknowledgement.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, KnownHead[Parsed]] = {}
        self._last: KnownHead[Parsed] | None = None
        """The one that was found last: the next message mostly begins like it."""

    def find(self, data: bytes) -> KnownHead[Parsed] | None:
        """What is known of the head of this message, if `data` is exactly one message with a known head."""
        found = self._last
        if found is None or not data.startswith(found.head):
            found = self.known.get(data[: data.find(HEAD_END) + len(HEAD_END)])
            if found is None:
                return None
            self._last = found
        return found if len(data) == len(found.head) + found.body_bytes else None

    def keep(self, data: bytes, body: bytes, parsed: Parsed) -> None:
        """Remember a head, if `data` is one message alone and its body is in it unencoded."""
        size = len(data) - len(body)
        if size <= LONGEST_SHARED and data.find(HEAD_END) + len(HEAD_END) == size:
            if len(self.known) >= MOST_HEADS:
                self.known.clear()
            self.known[data[:size]] = KnownHead(data[:size], len(body), parsed)


class Unreadable(Exception):
    """A call that cannot be read: the status and the one line that it is answered with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def sender_of(headers: RawHeaders) -> SharedHeaders:
    """Find what is asked of every call among its headers; of a header that is repeated, the first counts."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    authorization, content_type = found.get(b"authorization"), found.get(b"content-type")
    return SharedHeaders(
        headers,
        None if authorization is None else authorization.decode("utf-8", "backslashreplace"),
        None if content_type is None else content_type.decode("utf-8", "backslashreplace"),
        found.get(b"content-encoding", b"").lower(),
        found.get(b"expect", b"").lower(),
    )


def unzipped(body: bytes, encoding: bytes) -> bytes:
    """The body without its encoding.

    Raises:
        Unreadable: it is not in that encoding, or too long without it.
    """
    if encoding == b"identity" or not body:
        return body
    if encoding not in {b"gzip", b"deflate"}:
        raise Unreadable(415, f"Content-Encoding {encoding.decode('latin-1')} is not known; expected gzip or deflate")
    try:
        unzip = zlib.decompressobj(wbits=_ZIPPED)
        plain = unzip.decompress(body, MOST_BODY)
    except zlib.error as error:
        raise Unreadable(400, f"the body is not in its Content-Encoding: {error}") from None
    if unzip.unconsumed_tail:
        raise Unreadable(413, f"the body is longer than {MOST_BODY} bytes")
    if not unzip.eof:
        raise Unreadable(400, "the body is not in its Content-Encoding: it ends early")
    return plain


def write_reply(call: Incoming, reply: Reply, extra: bytes = b"") -> bool:
    """Write all of it, unless the caller has left meanwhile; `extra`: more header lines.

    Returns whether the connection is used again.
    """
    transport = call.line.transport
    if transport is None:
        return False
    keep_alive = call.keep_alive and not (reply.headers and _closes(reply))
    head = head_of(reply, len(reply.body), extra, keep_alive=keep_alive, version=call.version)
    transport.write(head if call.method == "HEAD" else head + reply.body)
    return keep_alive


def plain_reply(status: int, text: str) -> Reply:
    """An answer that is not Daraja's: the call could not be read, or the simulator has a defect."""
    return Reply(status, f"{text}\n".encode(), "text/plain; charset=utf-8")


def head_of(reply: Reply, length: int, extra: bytes = b"", *, keep_alive: bool = True, version: str = "1.1") -> bytes:
    """The status line and all header lines of a reply, with the blank line."""
    first = _first_lines(reply.status, reply.content_type if reply.body else "", int(time.time()))
    if not reply.headers and keep_alive and version == "1.1":
        return b"%b%bContent-Length: %d\r\n\r\n" % (first, extra, length)
    lines = [first, extra]
    for name, value in reply.headers:
        lines.append(f"{name}: {value}\r\n".encode("latin-1"))
    if not keep_alive and not _closes(reply):
        lines.append(b"Connection: close\r\n")
    elif keep_alive and version == "1.0":
        lines.append(b"Connection: keep-alive\r\n")
    return b"".join([*lines, b"Content-Length: %d\r\n\r\n" % length])


def _closes(reply: Reply) -> bool:
    """Whether the reply itself says `Connection: close`, as the edge's page does."""
    return any(name.lower() == "connection" and value.lower() == "close" for name, value in reply.headers)


@lru_cache(maxsize=128)
def _first_lines(status: int, content_type: str, second: int) -> bytes:
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    media = f"Content-Type: {content_type}\r\n" if content_type else ""
    date = formatdate(second, usegmt=True)
    return f"HTTP/1.1 {status} {reason}\r\n{media}Date: {date}\r\n".encode("latin-1")
