"""What processes send each other: a call as it came, a reply with its transport fault, and small messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct
from typing import Any, Final

import orjson

from tayari_simulator.core.behaviour import Reply, Transport
from tayari_simulator.core.exchange import RawHeaders

HEAD: Final = Struct("!IIB")
"""Length of what follows, number of the call, kind."""
MOST: Final = 64 * 1024 * 1024
_CALL: Final = Struct("!BHHHHI")
_REPLY: Final = Struct("!HHI")
_ODD: Final = ("utf-8", "surrogateescape")
"""Callers send any bytes as a path."""


class FrameKind(IntEnum):
    """What a frame is."""

    HELLO = 1
    CALL = 2
    REPLY = 3
    ASK = 4
    ANSWER = 5


class BadFrame(Exception):
    """Bytes that no process of this version sends."""


@dataclass(slots=True)
class Passed:
    """A call of the Daraja port on its way to its owner."""

    hops: int
    method: str
    path: str
    """As the table of endpoints has it, or as it came where no row has it."""
    url: str
    remote: str
    headers: RawHeaders
    body: bytes


def frame(number: int, kind: FrameKind, payload: bytes) -> bytes:
    """A frame as bytes."""
    return HEAD.pack(len(payload), number, kind) + payload


class Frames:
    """Takes bytes as they come, gives whole frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, FrameKind, bytes]]:
        """The frames that are complete now: number, kind, payload.

        Raises:
            BadFrame: a kind or a length that cannot be.
        """
        self._bytes += data
        start = 0
        try:
            while len(self._bytes) - start >= HEAD.size:
                length, number, kind = HEAD.unpack_from(self._bytes, start)
                if length > MOST or not 1 <= kind <= len(FrameKind):
                    raise BadFrame(f"a frame of kind {kind} and {length} bytes")
                end = start + HEAD.size + length
                if len(self._bytes) < end:
                    break
                yield number, FrameKind(kind), bytes(self._bytes[start + HEAD.size : end])
                start = end
        finally:
            del self._bytes[:start]


def call_bytes(passed: Passed) -> bytes:
    """A call as a payload."""
    method, path = passed.method.encode("latin-1", "replace"), passed.path.encode(*_ODD)
    url, remote, headers = passed.url.encode(*_ODD), passed.remote.encode(), _headers_bytes(passed.headers)
    head = _CALL.pack(passed.hops, len(method), len(path), len(url), len(remote), len(headers))
    return b"".join((head, method, path, url, remote, headers, passed.body))


def read_call(payload: bytes) -> Passed:
    """What `call_bytes` made."""
    hops, method, path, url, remote, headers = _CALL.unpack_from(payload)
    at = _CALL.size
    pieces = []
    for length in (method, path, url, remote, headers):
        pieces.append(payload[at : at + length])
        at += length
    method_, path_, url_, remote_, headers_ = pieces
    return Passed(
        hops, method_.decode("latin-1"), path_.decode(*_ODD), url_.decode(*_ODD), remote_.decode(), _headers(headers_),
        payload[at:],
    )  # fmt: skip


def reply_bytes(reply: Reply) -> bytes:
    """A reply as a payload: what most replies do not have costs nothing."""
    kind = reply.content_type.encode("latin-1")
    more = b"" if _is_usual(reply) else orjson.dumps(_more(reply))
    return b"".join((_REPLY.pack(reply.status, len(kind), len(more)), kind, more, reply.body))


def read_reply(payload: bytes) -> Reply:
    """What `reply_bytes` made."""
    status, kind, more = _REPLY.unpack_from(payload)
    at = _REPLY.size + kind
    reply = Reply(status, payload[at + more :], _text(payload[_REPLY.size : at]))
    if more:
        told: dict[str, Any] = orjson.loads(payload[at : at + more])
        reply.headers = tuple((name, value) for name, value in told.pop("headers"))
        reply.transport = Transport(told.pop("transport"))
        for name, value in told.items():
            setattr(reply, name, value)
    return reply


def _is_usual(reply: Reply) -> bool:
    return not (reply.headers or reply.delay_s or reply.transport is not Transport.NORMAL or reply.close_port_for_s)


def _more(reply: Reply) -> dict[str, Any]:
    names = ("headers", "delay_s", "transport", "keep_bytes", "close_port_for_s", "body_over_s")
    return {name: getattr(reply, name) for name in names}


@lru_cache(maxsize=1024)
def _headers_bytes(headers: RawHeaders) -> bytes:
    """Callers repeat their headers, and so does this work."""
    return orjson.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers])


@lru_cache(maxsize=1024)
def _headers(raw: bytes) -> RawHeaders:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in orjson.loads(raw))


@lru_cache(maxsize=64)
def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
