"""The load of the benchmark: pushes from many connections, and the merchant that answers the callbacks."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Final

CONNECTIONS: Final = 64
A_TICK_S: Final = 0.001
"""Of the open loop. uvloop counts in milliseconds: less than one would be a busy loop, which takes the machine."""
PATIENCE_S: Final = 60.0

_ID: Final = re.compile(rb'"(?:CheckoutRequestID|ConversationID|conversationID|TransID|responseRefID)": ?"([^"]+)"')
"""What names the transaction in a message, of whichever API it is."""
ACKNOWLEDGED: Final = b'"ResponseCode":"0"'
_OK: Final = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n{"ResultCode":0,"ResultDesc":"k"}'
)
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Sink:
    """The merchant: answers 200 to every callback, perhaps late, and remembers whose callbacks came."""

    def __init__(self, answers_after_s: float = 0.0, on_callback: Callable[[bytes], None] | None = None) -> None:
        """`on_callback` is called with the body of each callback."""
        self.answers_after_s = answers_after_s
        self.on_callback = on_callback
        self.seen: set[bytes] = set()
        self.calls = 0

    async def opened(self) -> str:
        """Open its port; returns the URL that callbacks go to."""
        server = await asyncio.get_running_loop().create_server(self.protocol, "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/pay/7f3c"

    def protocol(self) -> asyncio.Protocol:
        """One connection."""
        return _SinkConnection(self)


class _SinkConnection(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        while data:
            size = _message_size(data)
            if size is None or len(data) < size:
                break
            found = _ID.search(data, 0, size)
            if found is not None:
                self._sink.calls += 1
                self._sink.seen.add(found[1])
                if self._sink.on_callback is not None:
                    self._sink.on_callback(data[data.find(b"\r\n\r\n") + 4 : size])
            self._answer()
            data = data[size:]
        self._pending = data

    def _answer(self) -> None:
        assert self._transport is not None
        if self._sink.answers_after_s:
            asyncio.get_running_loop().call_later(self._sink.answers_after_s, self._write)
        else:
            self._write()

    def _write(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(_OK)


def _message_size(data: bytes) -> int | None:
    """The length of the first message, head and body; None when its head is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(data, 0, end)
    return end + 4 + (int(length[1]) if length else 0)


class Generator:
    """Sends pushes, each from an MSISDN of its own, and measures how long the answers take."""

    def __init__(self, make: Callable[[int], bytes], acknowledged: bytes = ACKNOWLEDGED) -> None:
        """`acknowledged`: what an answer holds that accepts a request."""
        self._make = make
        self._acknowledged = acknowledged
        self._number = 0
        self._busy = 0
        self._ends = 0.0
        self._free: deque[_PushConnection] = deque()
        """Used in turn: the simulator closes a connection that is idle for long."""
        self._overdue: deque[float] = deque()
        """Planned times of pushes that wait for a free connection."""
        self._idle = asyncio.Event()
        self.acknowledged = 0
        self.refused: list[bytes] = []
        self.latencies: list[float] = []
        """Of the open loop, from the planned time of each push."""

    async def closed_loop(self, host: str, port: int, seconds: float) -> None:
        """Every connection sends its next push as soon as the last is acknowledged."""
        connections = await self._connect(host, port)
        self._ends = time.monotonic() + seconds
        for connection in connections:
            self._push(connection, 0.0)
        await self._finish(connections)

    async def closed_loop_reconnecting(self, host: str, port: int, seconds: float) -> None:
        """The same with a new connection for each push, for a server that closes it after each answer."""
        ends = time.monotonic() + seconds

        async def one_after_another() -> None:
            while time.monotonic() < ends:
                self._number += 1
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(self._make(self._number))
                answer = await reader.read()
                writer.close()
                if self._acknowledged in answer:
                    self.acknowledged += 1
                else:
                    self.refused.append(answer)

        await asyncio.gather(*(one_after_another() for _ in range(CONNECTIONS)))

    async def open_loop(self, host: str, port: int, *, seconds: float, per_s: float) -> None:
        """Pushes at planned times, whether or not the last ones were answered; latency counts from the plan."""
        connections = await self._connect(host, port)
        self._ends = 0.0
        self._free = deque(connections)
        began, planned, pushes = time.monotonic(), 0, int(seconds * per_s)
        while planned < pushes:
            due = min(pushes, int((time.monotonic() - began) * per_s))
            self._overdue.extend(began + number / per_s for number in range(planned, due))
            planned = due
            while self._free and self._overdue:
                self._push(self._free.popleft(), self._overdue.popleft())
            await asyncio.sleep(A_TICK_S)
        await self._finish(connections)

    def answered(self, connection: _PushConnection, answer: bytes, planned: float) -> None:
        """A push has its answer, and the connection is free for the next."""
        now = time.monotonic()
        if self._acknowledged in answer:
            self.acknowledged += 1
        else:
            self.refused.append(answer)
        if planned:
            self.latencies.append(now - planned)
        if self._overdue:
            self._busy -= 1
            self._push(connection, self._overdue.popleft())
        elif now < self._ends:
            self._busy -= 1
            self._push(connection, 0.0)
        else:
            self.lost(connection)

    def lost(self, connection: _PushConnection) -> None:
        """The connection has nothing under way any more."""
        self._free.append(connection)
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    def _push(self, connection: _PushConnection, planned: float) -> None:
        self._number += 1
        self._busy += 1
        self._idle.clear()
        connection.push(self._make(self._number), planned)

    async def _connect(self, host: str, port: int) -> list[_PushConnection]:
        loop = asyncio.get_running_loop()
        pairs = [await loop.create_connection(lambda: _PushConnection(self), host, port) for _ in range(CONNECTIONS)]
        return [connection for _, connection in pairs]

    async def _finish(self, connections: list[_PushConnection]) -> None:
        await asyncio.wait_for(self._idle.wait(), PATIENCE_S)
        for connection in connections:
            connection.close()


class _PushConnection(asyncio.Protocol):
    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._answer = b""
        self._planned = 0.0
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, _: Exception | None) -> None:
        if self._waiting:
            self._waiting = False
            self._generator.refused.append(b"connection lost")
            self._generator.lost(self)

    def push(self, request: bytes, planned: float) -> None:
        """Send one; `planned` is the `time.monotonic()` at which it should go out, 0 where none was planned."""
        assert self._transport is not None
        self._planned, self._waiting = planned, True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        size = _message_size(self._answer)
        if size is None or len(self._answer) < size:
            return
        answer, self._answer = self._answer, b""
        self._waiting = False
        self._generator.answered(self, answer, self._planned)

    def close(self) -> None:
        """No more pushes."""
        assert self._transport is not None
        self._transport.close()
