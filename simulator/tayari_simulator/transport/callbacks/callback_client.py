"""The HTTP client that sends callbacks: a pool of connections and a queue for each merchant, over http and https.

One merchant that hangs delays no other. Every callback ends exactly once, with an answer or with a reason.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httptools

from tayari_simulator.clock import Clock
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.transactions import Transaction
from tayari_simulator.transport.callbacks.allowed_targets import CallbackTarget, Origin, loopback_addresses, tls_context
from tayari_simulator.transport.connections.http_messages import KnownHeads

CONNECTIONS: Final = 64
"""For each origin. Measured: fewer make callbacks late, more gain nothing."""
IDLE_S: Final = 1.0
"""A connection that was idle for longer is not used again: servers close theirs, and a callback must not meet that."""
SWEEP_S: Final = 0.1
QUEUE_WAIT_S: Final = 300.0
"""A callback waits this long for a connection to its merchant, and then fails. Source: none; assumed."""

KEPT_ANSWER: Final = 65_536
"""How many bytes of a merchant's body are kept."""
LONGEST_ANSWER: Final = 2 * 1024 * 1024
"""How many bytes of an answer are read, in all: head, body, chunk lines and trailers."""
LONGEST_HEAD: Final = 32 * 1024
"""How many of these bytes may come before the body."""


@dataclass(slots=True)
class Sending:
    """A request to the merchant. The client fills in the second half and then calls `done` exactly once."""

    target: CallbackTarget
    head: bytes
    """Header lines after the request line, without Content-Length and without the blank line."""
    exchange: JournalExchange
    timeout_s: float
    done: Callable[[Sending], None]
    clock: Clock
    """By which the time of writing is noted in the exchange."""
    queued: float = 0.0
    began: float = 0.0
    """`time.monotonic()` when it began to wait for a connection, and when it was written."""
    delivery: Delivery | None = None
    """For `done`: what is sent, and for which transaction. The client does not look at them."""
    transaction: Transaction | None = None

    def begin(self) -> bytes:
        """Note the time, and give the bytes to write."""
        exchange = self.exchange
        body, method = exchange.request_body, exchange.method.encode("latin-1", "replace")
        exchange.at_s, exchange.wall_at_s = self.clock.both_s()
        exchange.sent = True
        self.began = time.monotonic()
        line = (method, self.target.path, self.head, len(body), body)
        return b"%b %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % line

    def finish(self, *, error: str = "") -> None:
        """It is over: answered, or not."""
        exchange = self.exchange
        exchange.duration_s = time.monotonic() - self.began if self.began else 0.0
        exchange.error = error
        self.done(self)


class CallbackConnection(asyncio.Protocol):
    """One keep-alive connection. It speaks HTTP/1.1, one request at a time. Redirects are answers like any other."""

    def __init__(self, pool: OriginPool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._received = 0
        """Bytes of this answer so far."""
        self._framed = False
        self._in_body = False
        self._complete = False
        self._unsolicited = False
        self._lasting = False
        """Whether the merchant keeps the connection; the parser knows only while it reports the end of a message."""
        self.job: Sending | None = None
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a request can be written."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is one by duty, not by birth

    def send(self, job: Sending) -> None:
        """Write a request; only on a free connection."""
        assert self._transport is not None
        self._headers, self._body, self._received = [], b"", 0
        self._framed = self._in_body = self._complete = False
        self.job = job
        self._transport.write(job.begin())

    def data_received(self, data: bytes) -> None:
        """A piece of the answer, or something that nobody asked for."""
        if self.job is None:
            self.abort("")
            return
        known = None if self._received else self._pool.heads.find(data)
        if known is not None and self.job.exchange.method != "HEAD":
            self.job.exchange.status, self._headers = known.parsed
            self._body = data[len(known.head) :]
            self._answered(reuse=True)
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.abort(f"the answer is not HTTP: {error}")
            return
        if self._complete:
            reuse = self._framed and self._lasting and not self._unsolicited
            if reuse and len(data) == self._received:
                self._pool.heads.keep(data, self._body, (self.job.exchange.status, self._headers))
            self._answered(reuse=reuse)
        elif self._received > LONGEST_ANSWER:
            why = f"the answer is longer than {LONGEST_ANSWER} bytes; the rest was not read"
            self._answered(reuse=False, error=why)
        elif self._received > LONGEST_HEAD and not self._in_body:
            self.abort(f"the head of the answer is longer than {LONGEST_HEAD} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by either side."""
        self._transport = None
        self._parser = None  # it holds this connection: as a cycle both would stay until somebody looks for cycles
        job, self.job = self.job, None
        self._pool.gone(self)
        if job is None:
            return
        if job.exchange.status:
            self._take_answer(job)
            job.finish(error="the answer's body ended early" if self._framed else "")
        else:
            why = f": {exc}" if exc is not None else ""
            job.finish(error=f"the merchant closed the connection without an answer{why}")

    def abort(self, why: str) -> None:
        """Close at once; a request under way ends with this error and without a status."""
        job, self.job = self.job, None
        if self._transport is not None:
            self._transport.abort()
        if job is not None:
            job.exchange.status = 0
            job.finish(error=why)

    def expired(self, now: float) -> bool:
        """Whether the request under way has had its time."""
        return self.job is not None and self.job.began + self.job.timeout_s <= now

    def on_message_begin(self) -> None:
        """An answer begins. A second one to the same request is nobody's: the connection is not used again."""
        if self._complete:
            self._unsolicited = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line of the answer; after the body, a trailer, which nobody needs."""
        if self._in_body or self._complete:
            return
        self._headers.append((name, value))
        if name.lower() in {b"content-length", b"transfer-encoding"}:
            self._framed = True

    def on_headers_complete(self) -> None:
        """The status is known; an answer to HEAD and one without content end here."""
        if self._complete:
            return
        status = self._parser.get_status_code()
        self._in_body = status >= 200
        if self.job is not None:
            self.job.exchange.status = status
            if self.job.exchange.method == "HEAD":
                self._complete, self._framed = True, False
            elif status in {204, 304}:
                self._framed = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._complete and len(self._body) < KEPT_ANSWER:
            self._body += body[: KEPT_ANSWER - len(self._body)]

    def on_message_complete(self) -> None:
        """The whole answer is there; an interim one (1xx) is not the answer."""
        if self._complete:
            return
        if self._parser.get_status_code() >= 200:
            self._complete = True
            self._lasting = self._parser.should_keep_alive()
        else:
            self._headers = []

    def _answered(self, *, reuse: bool, error: str = "") -> None:
        """The answer is there, or as much of it as is read: an error says why no more is. Its status counts."""
        job, self.job = self.job, None
        assert job is not None
        self._take_answer(job)
        if reuse:
            self.idle_since = time.monotonic()
            self._pool.free(self)
        elif self._transport is not None:
            (self._transport.abort if error else self._transport.close)()
        job.finish(error=error)

    def _take_answer(self, job: Sending) -> None:
        job.exchange.response_headers = tuple(self._headers)
        job.exchange.response_body = self._body


class OriginPool:
    """The connections and the queue of one origin."""

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None, queue_wait_s: float = QUEUE_WAIT_S) -> None:
        self._origin = origin
        self._tls = tls
        self._queue_wait_s = queue_wait_s
        self._queue: deque[Sending] = deque()
        self.heads: KnownHeads[tuple[int, list[tuple[bytes, bytes]]]] = KnownHeads()
        """Status and headers."""
        self._idle: list[CallbackConnection] = []
        self._open: set[CallbackConnection] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    @property
    def quiet(self) -> bool:
        """Nothing open, nothing waiting."""
        return not (self._open or self._connecting or self._queue)

    @property
    def waiting(self) -> int:
        """How many callbacks wait for a connection."""
        return len(self._queue)

    def submit(self, job: Sending) -> None:
        """Send now if a connection is free, else as soon as one is."""
        connection = self._fresh()
        if connection is not None:
            connection.send(job)
            return
        job.queued = time.monotonic()
        self._queue.append(job)
        self._connect_if_short()

    def free(self, connection: CallbackConnection) -> None:
        """A connection has its answer: it takes the next job."""
        if self._queue:
            connection.send(self._queue.popleft())
        else:
            self._idle.append(connection)

    def gone(self, connection: CallbackConnection) -> None:
        """A connection is closed: another is opened if jobs wait for one that is not under way."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._connect_if_short()

    def sweep(self, now: float) -> None:
        """End what has had its time, and close what was idle too long."""
        for connection in [row for row in self._open if row.expired(now)]:
            assert connection.job is not None
            connection.abort(f"the merchant did not answer within {connection.job.timeout_s:g} s")
        for connection in [row for row in self._idle if row.idle_since + IDLE_S < now]:
            connection.abort("")
        while self._queue and self._queue[0].queued + self._queue_wait_s <= now:
            self._queue.popleft().finish(error=f"no connection to the merchant was free for {self._queue_wait_s:g} s")
        self._connect_if_short()

    def close(self) -> None:
        """Drop everything; jobs under way end with an error."""
        self._queue.clear()
        for task in self._connecting:
            task.cancel()
        for connection in list(self._open):
            connection.abort("the simulator stopped")

    def _fresh(self) -> CallbackConnection | None:
        """A free connection that is surely still open."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since + IDLE_S > time.monotonic():
                return connection
            connection.abort("")
        return None

    def _connect_if_short(self) -> None:
        """All 64 may end at once, when a merchant hung: then as many are opened again, not one."""
        if len(self._connecting) < len(self._queue) and len(self._open) + len(self._connecting) < CONNECTIONS:
            self._connecting.add(asyncio.create_task(self._connected()))

    async def _connected(self) -> None:
        """Open one connection; when that fails, the job that waited longest fails with it."""
        task = asyncio.current_task()
        assert task is not None
        timeout_s = self._queue[0].timeout_s if self._queue else 1.0
        error: Exception | None = None
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._dial()
        except Exception as failure:  # noqa: BLE001 - whatever it is, the callback ends with it as its reason
            error = failure
        finally:
            self._connecting.discard(task)  # before a job ends: its end may bring the next one
        if error is None and connection.is_open:
            self._open.add(connection)
            self.free(connection)
            return
        if self._queue:
            self._queue.popleft().finish(error=self._reason(error))
        self._connect_if_short()

    async def _dial(self) -> CallbackConnection:
        """A new connection, to the first address that takes one."""
        host, port = self._origin.host, self._origin.port
        if not self._origin.loopback_only:
            return await self._dial_address(host, port)
        addresses = await loopback_addresses(host, port)
        for address in addresses[:-1]:
            with suppress(OSError):
                return await self._dial_address(address, port)
        return await self._dial_address(addresses[-1], port)

    async def _dial_address(self, address: str, port: int) -> CallbackConnection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: CallbackConnection(self), address, port, ssl=self._tls,
            server_hostname=self._origin.host if self._tls is not None else None,
        )  # fmt: skip
        return connection

    def _reason(self, error: Exception | None) -> str:
        if isinstance(error, ConnectionRefusedError):
            why = "connection refused"
        elif error is None:
            why = "the connection was closed at once"
        else:
            why = str(error) or ("no connection in time" if isinstance(error, TimeoutError) else type(error).__name__)
        return f"cannot connect to {self._origin.authority}: {why}"


class CallbackClient:
    """Sends callbacks. It verifies certificates, except of loopback hosts: those are the developer's own."""

    def __init__(self, queue_wait_s: float = QUEUE_WAIT_S) -> None:
        self._queue_wait_s = queue_wait_s
        self._pools: dict[Origin, OriginPool] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many callbacks wait for a connection."""
        return sum(pool.waiting for pool in self._pools.values())

    def submit(self, job: Sending) -> None:
        """Send a callback; its `done` is called exactly once, later."""
        origin = job.target.origin
        pool = self._pools.get(origin)
        if pool is None:
            tls = tls_context(origin) if origin.scheme == "https" else None
            pool = self._pools[origin] = OriginPool(origin, tls, self._queue_wait_s)
        pool.submit(job)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def close(self) -> None:
        """Drop all connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _sweep(self) -> None:
        now = time.monotonic()
        try:
            for origin, pool in list(self._pools.items()):
                pool.sweep(now)
                if pool.quiet:
                    del self._pools[origin]
        finally:  # a defect in one look must not end all further ones
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep) if self._pools else None
