"""The listening end of the Daraja port: opened, closed for an outage, opened again on the same number."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Final, Protocol

from tayari_simulator.transport.http_messages import Line
from tayari_simulator.transport.server_protocol import Connections

BACKLOG: Final = 1024
AGAIN_S: Final = 0.05
"""When another program has the port as an outage ends, it is tried again so often."""

log = logging.getLogger(__name__)


class Port(Protocol):
    """What is opened and closed together with a listener."""

    async def open(self) -> None:
        """Listen; OSError where that cannot be."""

    def shut(self) -> None:
        """Listen no more."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to an address. Raises OSError: the port is taken, or the address is not this machine's."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


class Listener:
    """One address. While it is closed, clients see `connection refused`."""

    def __init__(self, factory: Connections, host: str, port: int) -> None:
        self._factory = factory
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._until = 0.0
        self.held: set[Line] = set()
        """Connections with a call under way that an outage must not cut."""
        self.tls: Port | None = None
        """The same calls under TLS: an outage closes both."""

    @property
    def url(self) -> str:
        """Where it listens, once it was open."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to from this machine, once it was open."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host), self._port

    async def open(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        listening = listening_socket(self._host, self._port)
        try:
            self._port = listening.getsockname()[1]
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=listening, backlog=BACKLOG)
        except BaseException:
            listening.close()
            raise
        if self.tls is not None:
            await self.tls.open()

    def close_for(self, seconds: float) -> None:
        """Close the port and every idle connection; open again after so many real seconds (the longest counts)."""
        self._shut()
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)
        if self._reopening is None:
            self._reopening = asyncio.create_task(self._reopen())

    def open_soon(self) -> None:
        """End an outage now."""
        self._until = 0.0
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = asyncio.create_task(self._reopen())

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def close(self) -> None:
        """Close for good."""
        if self._reopening is not None:
            self._reopening.cancel()
        self._shut()

    def _shut(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self.tls is not None:
            self.tls.shut()
        for connection in list(self._factory.connections):
            if connection in self.held:
                connection.close()
            else:
                connection.force_close()

    async def _reopen(self) -> None:
        loop = asyncio.get_running_loop()
        while (left_s := self._until - loop.time()) > 0:
            await asyncio.sleep(left_s)
        while True:
            try:
                await self.open()
                break
            except OSError as error:
                log.warning("the Daraja port %s cannot open again yet: %s", self._port, error)
                await asyncio.sleep(AGAIN_S)
        self._reopening = None
