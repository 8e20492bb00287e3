"""The connection to another process: kept open, many calls at once, written once for each turn of the event loop."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from typing import Any, Final

import orjson

from tayari_simulator.cluster.frames import BadFrame, FrameKind, Frames, frame
from tayari_simulator.cluster.owning import Node

PATIENCE_S: Final = 3.0
"""An owner that has not answered by then is treated as gone."""
SWEEP_S: Final = 0.5

log = logging.getLogger(__name__)


class PeerGone(Exception):
    """The process cannot be reached, or does not answer: one line that says which and why."""


def greeting(secret: str) -> bytes:
    """What a process says first, so that nobody else's calls are taken."""
    return hmac.new(secret.encode(), b"tayari node", "sha256").digest()


class Link:
    """The way to one process. Connects when it is first used, and again after it was lost."""

    def __init__(self, node: Node, secret: str) -> None:
        self.node = node
        self._secret = secret
        self._line: _Line | None = None
        self._connecting: asyncio.Task[_Line] | None = None

    async def call(self, kind: FrameKind, payload: bytes) -> bytes:
        """Send a frame, and wait for the answer to it.

        Raises:
            PeerGone: there is none.
        """
        line = self._line
        if line is None or line.closed:
            line = await self._connected()
        return await line.ask(kind, payload)

    async def ask(self, what: str, told: Any = None) -> Any:
        """Send a small message, and wait for the answer. Raises PeerGone."""
        return orjson.loads(await self.call(FrameKind.ASK, orjson.dumps([what, told])))

    def close(self) -> None:
        """Drop the connection."""
        if self._line is not None:
            self._line.close(f"process {self.node.index} is not part of this any more")

    async def _connected(self) -> _Line:
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._connection_done)
        return await asyncio.shield(self._connecting)

    def _connection_done(self, task: asyncio.Task[_Line]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody has to

    async def _connect(self) -> _Line:
        node, loop = self.node, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, line = await loop.create_connection(lambda: _Line(node.index), node.host, node.peer_port)
        except (OSError, TimeoutError) as error:
            raise PeerGone(f"process {node.index} cannot be reached: {error or 'no connection in time'}") from error
        line.send(frame(0, FrameKind.HELLO, greeting(self._secret)))
        self._line = line
        return line


class _Line(asyncio.Protocol):
    """One open connection."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._waiting: dict[int, tuple[asyncio.Future[bytes], float]] = {}
        self._out: list[bytes] = []
        self._number = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is one by duty, not by birth

    async def ask(self, kind: FrameKind, payload: bytes) -> bytes:
        """Send a frame; the answer to it."""
        if self.closed:
            raise PeerGone(f"process {self._index} is gone")
        self._number = number = self._number % 0xFFFF_FFFF + 1
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting[number] = (future, time.monotonic())
        if self._sweeper is None:
            self._sweeper = loop.call_later(SWEEP_S, self._sweep)
        self.send(frame(number, kind, payload))
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    def send(self, data: bytes) -> None:
        """Write with all else of this turn."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(data)

    def data_received(self, data: bytes) -> None:
        """Answers."""
        try:
            for number, _, payload in self._frames.feed(data):
                asked = self._waiting.get(number)
                if asked is not None and not asked[0].done():
                    asked[0].set_result(payload)
        except BadFrame as error:
            self.close(f"process {self._index} sent {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed: whoever waits is told."""
        self.close(f"process {self._index} is gone{f': {exc}' if exc else ''}")

    def close(self, why: str) -> None:
        """Drop it."""
        if self.closed:
            return
        self.closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(PeerGone(why))
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    def _sweep(self) -> None:
        """Futures have no timer of their own: one look twice a second serves them all."""
        self._sweeper = None
        oldest = min((asked for _, asked in self._waiting.values()), default=None)
        if oldest is not None and oldest + PATIENCE_S < time.monotonic():
            self.close(f"process {self._index} has not answered for {PATIENCE_S:g} s")
        elif self._waiting:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
