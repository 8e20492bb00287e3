"""The listening end of the Daraja port: opened, closed for an outage, opened again on the same number."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
from abc import ABC, abstractmethod
from typing import Final

from tayari_simulator.transport.connections.http_messages import Line
from tayari_simulator.transport.connections.server_protocol import ServerConnections

BACKLOG: Final = 1024
_REACHED: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How this machine reaches an address that stands for all of its own."""
AGAIN_S: Final = 0.05
"""When another program has the port as an outage ends, it is tried again so often."""
OPENS_WITHIN_S: Final = 2.0
"""The end of an outage waits this long at most for the port."""

_SOON_S: Final = 0.005
_MOST_PLUGS: Final = 16
"""A queue of length 0 is full after one or two connections."""

log = logging.getLogger(__name__)


class Port(ABC):
    """What is opened and closed together with a listener."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to from this machine, once it was open."""
        return self.host, self.port

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether it listens."""

    @abstractmethod
    async def open(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """

    @abstractmethod
    def shut(self) -> None:
        """Listen no more; what was accepted already is its connection's matter."""


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


class SilentPort:
    """A port that neither refuses nor answers: its queue is full, and the system drops further connections."""

    def __init__(self, host: str, port: int) -> None:
        """Fill the queue of the port. Raises OSError: the port is taken."""
        self._sockets = [listening_socket(host, port)]
        try:
            self._sockets[0].listen(0)
            while self._plugged() and len(self._sockets) <= _MOST_PLUGS:
                pass
        except BaseException:
            self.close()
            raise
        if len(self._sockets) > _MOST_PLUGS:
            log.warning("this system goes on taking connections to port %s: callers hang, but do connect", port)

    def _plugged(self) -> bool:
        """Connect once more; false: the connection was dropped, because the queue is full."""
        host, port = self._sockets[0].getsockname()[:2]
        plug = socket.socket(self._sockets[0].family, socket.SOCK_STREAM)
        self._sockets.append(plug)
        plug.setblocking(False)
        plug.connect_ex((_REACHED.get(host, host), port))
        return bool(select.select([], [plug], [], 0)[1])

    def close(self) -> None:
        """Give the port back."""
        for each in self._sockets:
            each.close()


class Listener:
    """One address. While it is closed, clients see `connection refused`, or nothing at all."""

    def __init__(self, factory: ServerConnections, host: str, port: int) -> None:
        self._factory = factory
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._until = 0.0
        self._silent: list[SilentPort] = []
        self._silencing: asyncio.Task[None] | None = None
        self.held: set[Line] = set()
        """Connections with a call under way that an outage must not cut."""
        self.beside: tuple[Port, ...] = ()
        """The ports by which the same calls come under TLS: an outage closes them too."""

    @property
    def url(self) -> str:
        """Where it listens, once it was open."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to from this machine, once it was open."""
        return _REACHED.get(self._host, self._host), self._port

    async def open(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        self._end_silence()
        if self._server is None:
            await self._listen()
        for port in self.beside:
            if not port.is_open:
                await port.open()

    async def _listen(self) -> None:
        listening = listening_socket(self._host, self._port)
        try:
            self._port = listening.getsockname()[1]
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=listening, backlog=BACKLOG)
        except BaseException:
            listening.close()
            raise

    def close_for(self, seconds: float, *, silent: bool = False) -> None:
        """Close the port and every idle connection; open again after a number of real seconds (the longest counts).

        While it is `silent`, callers are not refused: their connections stay half made until they give up.
        """
        self._shut()
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)
        if silent and self._silencing is None:
            self._silencing = asyncio.create_task(self._go_silent())
        if self._reopening is None:
            self._reopening = asyncio.create_task(self._reopen())

    def open_soon(self) -> None:
        """End an outage now."""
        self._until = 0.0
        self._end_silence()
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = asyncio.create_task(self._reopen())

    async def open_now(self) -> bool:
        """End an outage, and return once the port is open; returns whether there was an outage."""
        was_closed = not self.is_open
        self.open_soon()
        if self._reopening is not None:
            await asyncio.wait({self._reopening}, timeout=OPENS_WITHIN_S)
        return was_closed

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def _is_any_open(self) -> bool:
        return self.is_open or any(port.is_open for port in self.beside)

    @property
    def _is_all_open(self) -> bool:
        return self.is_open and all(port.is_open for port in self.beside)

    async def close(self) -> None:
        """Close and do not open again."""
        if self._reopening is not None:
            self._reopening.cancel()
        self._shut()
        self._end_silence()

    async def _go_silent(self) -> None:
        """Take the ports that were closed; the system gives them back only in a later turn of the loop."""
        for port in ((self._host, self._port), *(port.address for port in self.beside)):
            while True:
                try:
                    self._silent.append(SilentPort(*port))
                    break
                except OSError:
                    await asyncio.sleep(_SOON_S)

    def _end_silence(self) -> None:
        if self._silencing is not None:
            self._silencing.cancel()
            self._silencing = None
        for each in self._silent:
            each.close()
        self._silent = []

    def _shut(self) -> None:
        if not self._is_any_open:
            return
        if self._server is not None:
            self._server.close()
            self._server = None
        for port in self.beside:
            port.shut()
        for connection in list(self._factory.connections):
            if connection in self.held:
                connection.close()
            else:
                connection.force_close()

    async def _reopen(self) -> None:
        loop = asyncio.get_running_loop()
        while self._until > loop.time() or not self._is_all_open:
            while (left_s := self._until - loop.time()) > 0:
                self._shut()  # another outage can begin while the ports open one after the other
                await asyncio.sleep(left_s)
            try:
                await self.open()
            except OSError as error:
                log.warning("the Daraja port %s cannot open again yet: %s", self._port, error)
                await asyncio.sleep(AGAIN_S)
        self._reopening = None
