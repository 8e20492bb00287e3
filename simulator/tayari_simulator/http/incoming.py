"""One call of the Daraja port as it came in, and the connection that it came on."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import Final, Protocol

from tayari_simulator.core.exchange import RawHeaders

MOST_BODY: Final = 1024 * 1024
"""A longer body is refused."""
MOST_HEAD: Final = 64 * 1024

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
class Sender:
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
    sender: Sender
    body: bytes
    version: str
    """`1.1` or `1.0`."""
    keep_alive: bool
    """Whether the caller wishes to go on with this connection."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """Where to write; None once the caller has left."""
        return self.line.transport


class Unreadable(Exception):
    """A call that cannot be read: the status and the one line that it is answered with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def sender_of(headers: RawHeaders) -> Sender:
    """Find what is asked of every call among its headers; of a header that is repeated, the first counts."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    authorization, content_type = found.get(b"authorization"), found.get(b"content-type")
    return Sender(
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
