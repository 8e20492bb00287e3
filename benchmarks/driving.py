"""The load of the benchmark: pushes from many connections, and the merchant that answers the callbacks."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final

CONNECTIONS: Final = 64

_ID: Final = re.compile(rb'"CheckoutRequestID":"([^"]+)"')
_OK: Final = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n{"ResultCode":0,"ResultDesc":"k"}'
)
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Sink:
    """The merchant: answers 200 to every callback and remembers which payments it heard of."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.calls = 0

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
            assert self._transport is not None
            self._transport.write(_OK)
            data = data[size:]
        self._pending = data


def _message_size(data: bytes) -> int | None:
    """The length of the first message, head and body; None when its head is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(data, 0, end)
    return end + 4 + (int(length[1]) if length else 0)


class Generator:
    """Sends pushes, each from an MSISDN of its own. `wanted` returns whether one more is to be sent now."""

    def __init__(self, make: Callable[[int], bytes]) -> None:
        self._make = make
        self._number = 0
        self.acknowledged = 0
        self.refused: list[bytes] = []
        self.latencies: list[float] = []

    def next_push(self) -> bytes:
        """The bytes of one more request."""
        self._number += 1
        return self._make(self._number)

    async def closed_loop(self, host: str, port: int, seconds: float) -> None:
        """Every connection sends its next push as soon as the last is acknowledged."""
        end = time.monotonic() + seconds
        connections = [_PushConnection(self) for _ in range(CONNECTIONS)]
        await _connect(connections, host, port)
        for connection in connections:
            connection.end = end
            connection.push()
        await asyncio.gather(*(connection.idle for connection in connections))
        for connection in connections:
            connection.close()

    async def open_loop(self, host: str, port: int, *, seconds: float, per_s: float) -> None:
        """Pushes at planned times, whether or not the last ones were answered; latency counts from the plan."""
        connections = [_PushConnection(self) for _ in range(CONNECTIONS)]
        await _connect(connections, host, port)
        began = time.monotonic()
        sent = 0
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * per_s)
            free = [row for row in connections if row.idle.done()]
            for connection in free[: due - sent]:
                connection.push(planned=began + sent / per_s)
                sent += 1
            await asyncio.sleep(0.0005)
        await asyncio.gather(*(connection.idle for connection in connections))
        for connection in connections:
            connection.close()


async def _connect(connections: list[_PushConnection], host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    for connection in connections:
        await loop.create_connection(lambda connection=connection: connection, host, port)  # type: ignore[misc]


class _PushConnection(asyncio.Protocol):
    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._answer = b""
        self._planned = 0.0
        self.end = 0.0
        self.idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.idle.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, _: Exception | None) -> None:
        if not self.idle.done():
            self._generator.refused.append(b"connection lost")
            self.idle.set_result(None)

    def push(self, planned: float = 0.0) -> None:
        assert self._transport is not None
        if self.idle.done():
            self.idle = asyncio.get_running_loop().create_future()
        self._planned = planned
        self._transport.write(self._generator.next_push())

    def data_received(self, data: bytes) -> None:
        self._answer += data
        size = _message_size(self._answer)
        if size is None or len(self._answer) < size:
            return
        generator = self._generator
        if b'"ResponseCode":"0"' in self._answer:
            generator.acknowledged += 1
        else:
            generator.refused.append(self._answer)
        self._answer = b""
        if self._planned:
            generator.latencies.append(time.monotonic() - self._planned)
        if time.monotonic() < self.end:
            self.push()
        else:
            self.idle.set_result(None)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()
