"""The Daraja port under TLS, as `sandbox.safaricom.co.ke` and `api.safaricom.co.ke`."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from typing import Final

from tayari_simulator.transport.connections.listener import BACKLOG, listening_socket
from tayari_simulator.transport.connections.server_protocol import ServerConnections
from tayari_simulator.transport.interception.record import InterceptionRecord, Way

HANDSHAKE_S: Final = 10.0
_DISTRUST: Final = (
    "UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_EXPIRED"
)  # fmt: skip
"""Parts of the alerts that clients send when they do not accept the certificate."""

log = logging.getLogger(__name__)


class TlsPort:
    """One address. Handshakes are made here and not by `create_server`, which does not report failed ones."""

    def __init__(
        self, connections: ServerConnections, host: str, port: int, context: ssl.SSLContext, record: InterceptionRecord
    ) -> None:
        self._connections = connections
        self._host = host
        self.port = port
        self._context = context
        self._record = record
        self._accepting: asyncio.Task[None] | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once it was open."""
        return self._host, self.port

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._accepting is not None

    async def open(self) -> None:
        """Listen. A port of 0 becomes the one that the system chose.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        listening = listening_socket(self._host, self.port)
        self.port = listening.getsockname()[1]
        listening.listen(BACKLOG)
        self._accepting = asyncio.create_task(self._accept(listening))

    def shut(self) -> None:
        """Listen no more; what was accepted already is its connection's matter."""
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
        for handshake in self._handshakes:
            handshake.cancel()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listening)
                except OSError as error:  # such as no free descriptor: the next caller may find one
                    log.warning("the TLS port could not take a call: %s", error)
                    await asyncio.sleep(0.1)
                    continue
                task = asyncio.create_task(self._shake_hands(connection))
                self._handshakes.add(task)
                task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.connect_accepted_socket(
                self._connections, connection, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_S
            )
            self._record.note("", Way.TLS, at_s=time.time())
        except ssl.SSLError as error:
            reason = error.reason or str(error)
            distrusts = any(word in reason for word in _DISTRUST)
            way, why = (Way.UNTRUSTED, reason) if distrusts else (Way.REFUSED, f"no TLS handshake: {reason}")
            self._record.note("", way, why, at_s=time.time())
        except OSError as error:
            self._record.note("", Way.REFUSED, f"no TLS handshake: {error}", at_s=time.time())
