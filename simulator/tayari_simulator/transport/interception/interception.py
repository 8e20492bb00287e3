"""The two ports for merchants that have Safaricom's host names in their code, opened and closed together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tayari_simulator.config import Config
from tayari_simulator.transport.connections.listener import Listener
from tayari_simulator.transport.connections.server_protocol import ServerConnections
from tayari_simulator.transport.interception.authority import LocalAuthority, state_folder
from tayari_simulator.transport.interception.forward_proxy import ForwardProxy, Others
from tayari_simulator.transport.interception.record import InterceptionRecord
from tayari_simulator.transport.interception.tls_port import TlsPort


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
