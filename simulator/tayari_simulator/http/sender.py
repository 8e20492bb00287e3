"""Sends callbacks: a pool of connections and a queue for each merchant, so that one that hangs delays no other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from tayari_simulator.http.connection import Connection
from tayari_simulator.http.sending import Sending
from tayari_simulator.http.targets import Origin

CONNECTIONS: Final = 64
"""For each origin; measured: fewer make callbacks late, more gain nothing."""
IDLE_S: Final = 1.0
"""A connection that was idle for longer is not used again: servers close theirs, and a callback must not meet that."""
SWEEP_S: Final = 0.1


class OriginPool:
    """The connections and the queue of one origin."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._queue: deque[Sending] = deque()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
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
        self._queue.append(job)
        self._connect_if_short()

    def free(self, connection: Connection) -> None:
        """A connection has its answer: it takes the next job."""
        if self._queue:
            connection.send(self._queue.popleft())
        else:
            self._idle.append(connection)

    def gone(self, connection: Connection) -> None:
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

    def close(self) -> None:
        """Drop everything; jobs under way end with an error."""
        self._queue.clear()
        for task in self._connecting:
            task.cancel()
        for connection in list(self._open):
            connection.abort("the simulator stopped")

    def _fresh(self) -> Connection | None:
        """A free connection that is surely still open."""
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since + IDLE_S > time.monotonic():
                return connection
            connection.abort("")
        return None

    def _connect_if_short(self) -> None:
        """All 64 may end at once, when a merchant hung: then as many are opened again, not one."""
        if len(self._connecting) < len(self._queue) and len(self._open) + len(self._connecting) < CONNECTIONS:
            self._connect()

    def _connect(self) -> None:
        task = asyncio.create_task(self._connected())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connected(self) -> None:
        """Open one connection; when that fails, the job that waited longest fails with it."""
        loop = asyncio.get_running_loop()
        timeout_s = self._queue[0].timeout_s if self._queue else 1.0
        try:
            async with asyncio.timeout(timeout_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(self), self._origin.host, self._origin.port
                )
        except (OSError, TimeoutError) as error:
            if self._queue:
                self._queue.popleft().finish(error=self._refusal(error))
            if self._queue:
                self._connect()
            return
        self._open.add(connection)
        self.free(connection)

    def _refusal(self, error: Exception) -> str:
        why = (
            "connection refused" if isinstance(error, ConnectionRefusedError) else str(error) or "no connection in time"
        )
        return f"cannot connect to {self._origin.authority}: {why}"


class PlainSender:
    """Callbacks over http."""

    def __init__(self) -> None:
        self._pools: dict[Origin, OriginPool] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many callbacks wait for a connection."""
        return sum(pool.waiting for pool in self._pools.values())

    def submit(self, job: Sending) -> None:
        """Send a callback; its `done` is called exactly once, later."""
        pool = self._pools.get(job.target.origin)
        if pool is None:
            pool = self._pools[job.target.origin] = OriginPool(job.target.origin)
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
        for origin, pool in list(self._pools.items()):
            pool.sweep(now)
            if pool.quiet:
                del self._pools[origin]
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep) if self._pools else None
