"""Where a process takes what the others pass on. Who does not know the secret is not heard."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson

from tayari_simulator.cluster.frames import BadFrame, FrameKind, Frames, Passed, frame, read_call, reply_bytes
from tayari_simulator.cluster.links import greeting
from tayari_simulator.core.behaviour import Reply

log = logging.getLogger(__name__)

Ask = Callable[[str, Any], Any]
"""Answers a small message: its name, what it says."""


class Serves(Protocol):
    """Who answers the calls."""

    def passed_now(self, passed: Passed) -> Reply | Awaitable[Reply]:
        """The reply, or the promise of one where somebody else must be asked first."""


class PeerPort:
    """The open port."""

    def __init__(self, server: asyncio.Server, lines: set[_Incoming]) -> None:
        self._server = server
        self._lines = lines
        self.port: int = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Close the port and its connections."""
        self._server.close()
        for line in list(self._lines):
            line.drop()


async def open_peer_port(host: str, secret: str, serves: Serves, ask: Ask) -> PeerPort:
    """Open a port that the system chooses.

    Raises:
        OSError: the address is not this machine's.
    """
    lines: set[_Incoming] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Incoming(greeting(secret), serves, ask, lines), host, 0)
    return PeerPort(server, lines)


class _Incoming(asyncio.Protocol):
    """One connection from another process."""

    def __init__(self, greeting_: bytes, serves: Serves, ask: Ask, lines: set[_Incoming]) -> None:
        self._greeting = greeting_
        self._serves = serves
        self._ask = ask
        self._lines = lines
        self._known = False
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is one by duty, not by birth
        self._lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's shape
        """Closed."""
        self._transport = None
        self._lines.discard(self)

    def drop(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Calls: all that are here are answered in one go."""
        answers: list[bytes] = []
        try:
            for number, kind, payload in self._frames.feed(data):
                if not self._known:
                    self._greet(kind, payload)
                else:
                    self._take(number, kind, payload, answers)
        except BadFrame as error:
            log.warning("a connection to the port for other processes was dropped: %s", error)
            self.drop()
        if answers and self._transport is not None:
            self._transport.write(b"".join(answers))

    def _greet(self, kind: FrameKind, payload: bytes) -> None:
        if kind is not FrameKind.HELLO or not hmac.compare_digest(payload, self._greeting):
            raise BadFrame("it did not know the secret")
        self._known = True

    def _take(self, number: int, kind: FrameKind, payload: bytes, answers: list[bytes]) -> None:
        if kind is FrameKind.ASK:
            what, told = orjson.loads(payload)
            answers.append(frame(number, FrameKind.ANSWER, orjson.dumps(self._ask(what, told))))
            return
        reply = self._serves.passed_now(read_call(payload))
        if isinstance(reply, Reply):
            answers.append(frame(number, FrameKind.REPLY, reply_bytes(reply)))
            return
        task = asyncio.ensure_future(self._later(number, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self, number: int, promised: Awaitable[Reply]) -> None:
        data = frame(number, FrameKind.REPLY, reply_bytes(await promised))
        if self._transport is not None:
            self._transport.write(data)
