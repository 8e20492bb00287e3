"""The two ports for merchants that have Safaricom's host names in their code, opened and closed together.

One is the Daraja port under TLS, as `sandbox.safaricom.co.ke` and `api.safaricom.co.ke`; the other a forward proxy.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tayari_simulator.config import Config
from tayari_simulator.state_folder import state_folder
from tayari_simulator.transport.connections.listener import BACKLOG, Listener, Port, listening_socket
from tayari_simulator.transport.connections.server_protocol import ServerConnections
from tayari_simulator.transport.interception.authority import LocalAuthority
from tayari_simulator.transport.interception.forward_proxy import ForwardProxy, Others
from tayari_simulator.transport.interception.record import InterceptionRecord, Way

HANDSHAKE_S: Final = 10.0
_DISTRUST: Final = (
    "UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_EXPIRED"
)  # fmt: skip
"""Parts of the alerts that clients send when they do not accept the certificate."""

log = logging.getLogger(__name__)


class TlsPort(Port):
    """One address. Handshakes are made here and not by `create_server`, which does not report failed ones."""

    def __init__(
        self, connections: ServerConnections, host: str, port: int, context: ssl.SSLContext, record: InterceptionRecord
    ) -> None:
        super().__init__(host, port)
        self._connections = connections
        self._context = context
        self._record = record
        self._accepting: asyncio.Task[None] | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        return self._accepting is not None

    async def open(self) -> None:
        listening = listening_socket(self.host, self.port)
        self.port = listening.getsockname()[1]
        listening.listen(BACKLOG)
        self._accepting = asyncio.create_task(self._accept(listening))

    def shut(self) -> None:
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


class PortTaken(Exception):
    """A port cannot be opened; `flag` is the one that chooses another."""

    def __init__(self, flag: str, port: int, error: OSError) -> None:
        super().__init__(f"{flag} {port}: {error}")
        self.flag, self.port, self.error = flag, port, error


@dataclass(slots=True)
class Interception:
    """The open ports, and what came to them."""

    record: InterceptionRecord
    ca_file: Path
    tls: TlsPort
    proxy: ForwardProxy
    host: str

    @classmethod
    async def open(cls, config: Config, connections: ServerConnections, plain: Listener) -> Interception:
        """Open both beside the Daraja port `plain`; an outage of that one closes them too.

        A client behind a proxy that answers 502 would not see the refused connection that the outage is about.

        Raises:
            AuthorityError: the local authority cannot be kept. PortTaken: one of the ports cannot be opened.
        """
        record = InterceptionRecord()
        authority = LocalAuthority.open(config.state_folder or state_folder(os.environ))
        tls = TlsPort(connections, config.host, config.tls_port, authority.tls_context(), record)
        proxy = ForwardProxy(
            config.host, config.proxy_port,
            plain=lambda: plain.address, tls=lambda: (plain.address[0], tls.port),
            others=Others(config.proxy_others), record=record,
        )  # fmt: skip
        try:
            await tls.open()
        except OSError as error:
            raise PortTaken("--tls-port", config.tls_port, error) from error
        try:
            await proxy.open()
        except OSError as error:
            tls.shut()
            raise PortTaken("--proxy-port", config.proxy_port, error) from error
        plain.beside = (tls, proxy)
        return cls(record, authority.ca_file, tls, proxy, f"[{config.host}]" if ":" in config.host else config.host)

    async def close(self) -> None:
        """Close both."""
        self.tls.shut()
        await self.proxy.close()

    def ready(self) -> dict[str, Any]:
        """What the ready line and the settings say of it."""
        return {
            "tls_url": f"https://{self.host}:{self.tls.port}",
            "proxy_url": f"http://{self.host}:{self.proxy.port}",
            "ca_file": str(self.ca_file),
        }
