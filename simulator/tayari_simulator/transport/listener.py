"""The listening end of the Daraja port: opened, closed for an outage, opened again on the same number."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import ClassVar, Final

from tayari_simulator.transport.http_messages import Line
from tayari_simulator.transport.server_protocol import Callers

BACKLOG: Final = 1024
AGAIN_S: Final = 0.05
"""When another program has the port as an outage ends, it is tried again so often."""

log = logging.getLogger(__name__)


class Listener:
    """One address. While it is closed, callers see `connection refused`."""

    shared: ClassVar[bool] = False
    """Whether other processes listen on the same port; the system gives each connection to one of them."""

    def __init__(self, factory: Callers, host: str, port: int) -> None:
        self._factory = factory
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._until = 0.0
        self.held: set[Line] = set()
        """Connections with a call under way that an outage must not cut."""

    @property
    def url(self) -> str:
        """Where it listens, once it was open."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def open(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.shared:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind((self._host, self._port))
            listening.setblocking(False)
            self._port = listening.getsockname()[1]
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=listening, backlog=BACKLOG)
        except BaseException:
            listening.close()
            raise

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
