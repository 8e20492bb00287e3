"""A forward proxy for merchants that have Safaricom's host names in their code: those names lead to the simulator.

Nothing that is called through it reaches the real Safaricom: its names are played here. Other hosts are refused unless
they are to pass. Addresses in figures are refused even then, because nobody can say whose they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import httptools

from tayari_simulator.transport.connections.listener import BACKLOG, Port, listening_socket
from tayari_simulator.transport.connections.server_protocol import CLOSE_S
from tayari_simulator.transport.interception.hosts import (
    address_of,
    is_number_like,
    is_safaricom,
    is_this_machine,
    plain_name,
)
from tayari_simulator.transport.interception.record import InterceptionRecord, Way

HEAD_BYTES: Final = 64 * 1024
HEAD_S: Final = 30.0
CONNECT_S: Final = 10.0
_PIECE: Final = 64 * 1024
_TLS_HANDSHAKE: Final = 0x16
_HTTPS_PORT: Final = 443
_HOP_BY_HOP: Final = (b"proxy-connection", b"proxy-authorization", b"connection", b"keep-alive")

log = logging.getLogger(__name__)

Address = tuple[str, int]


class Others(StrEnum):
    """How calls to hosts are handled that are neither Safaricom's nor this machine."""

    PASS = "pass"
    REFUSE = "refuse"


class ProxyRefused(Exception):
    """A call is refused with a status and a text, which the merchant's log can show."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """The head of one call to the proxy."""

    method: str
    host: str
    port: int
    head: bytes
    """What a server gets to read, for a call in absolute form; empty for CONNECT."""

    @property
    def is_tunnel(self) -> bool:
        """Whether bytes are to be carried as they are."""
        return self.method == "CONNECT"


class ForwardProxy(Port):
    """CONNECT and the absolute form. `plain` and `tls` give the addresses of the simulator's own two ports."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        plain: Callable[[], Address],
        tls: Callable[[], Address],
        others: Others,
        record: InterceptionRecord,
    ) -> None:
        super().__init__(host, port)
        self._plain = plain
        self._tls = tls
        self._others = others
        self._record = record
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        listening = listening_socket(self.host, self.port)
        self.port = listening.getsockname()[1]
        try:
            self._server = await asyncio.start_server(self._serve, sock=listening, backlog=BACKLOG, limit=HEAD_BYTES)
        except BaseException:
            listening.close()
            raise

    @property
    def is_open(self) -> bool:
        return self._server is not None

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """Listen no more. Answers under way have a moment to get through; then all of it ends."""
        self.shut()
        if self._callers:
            await asyncio.wait(self._callers, timeout=CLOSE_S)
        for caller in list(self._callers):
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._callers.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # one of the two ends is gone
        finally:
            self._callers.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = ""
        try:
            asked = await self._read_head(reader)
            host = asked.host
            way, address = self._address(asked)
            server_reader, server_writer = await _connected(address, asked)
        except ProxyRefused as why:
            self._record.note(host, Way.REFUSED, str(why), at_s=time.time())
            writer.write(_refusal(why))
            await writer.drain()
            return
        self._record.note(asked.host, way, at_s=time.time())
        if asked.is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server_writer.write(asked.head)
        asking = asyncio.create_task(_carry(reader, server_writer))
        try:
            await _carry(server_reader, writer)  # a server that has ended answers nothing more, whatever is asked
        finally:
            asking.cancel()
            server_writer.close()

    async def _read_head(self, reader: asyncio.StreamReader) -> Asked:
        """The head of the call.

        Raises:
            Refused: it is no call to a proxy.
        """
        async with asyncio.timeout(HEAD_S):
            first = await reader.readexactly(1)
            if first[0] == _TLS_HANDSHAKE:
                raise ProxyRefused(400, "this proxy is called without TLS: write http:// in HTTPS_PROXY, not https://")
            try:
                return read_head(first + await reader.readuntil(b"\r\n\r\n"))
            except asyncio.LimitOverrunError as error:
                raise ProxyRefused(431, f"the head is longer than {HEAD_BYTES} bytes") from error

    def _address(self, asked: Asked) -> tuple[Way, Address]:
        """Where the call goes.

        Raises:
            Refused: nowhere.
        """
        if is_safaricom(asked.host):
            if asked.is_tunnel and asked.port != _HTTPS_PORT:
                raise ProxyRefused(403, f"{asked.host} is played on port {_HTTPS_PORT} only, not on {asked.port}")
            return Way.PLAYED, self._tls() if asked.is_tunnel else self._plain()
        if is_this_machine(asked.host):
            return Way.PASSED, (_own_address(asked.host), asked.port)
        if self._others is Others.REFUSE:
            raise ProxyRefused(
                403,
                f"{asked.host} is not called from this test: only Safaricom's hosts, which are played, and this "
                "machine are; let other hosts pass with --proxy-others pass, or give the merchant a stand-in",
            )
        if address_of(asked.host) is not None or is_number_like(asked.host):
            raise ProxyRefused(403, f"{asked.host} is an address, and nobody can say whose; only host names may pass")
        return Way.PASSED, (plain_name(asked.host), asked.port)


def _own_address(host: str) -> str:
    """What to connect to for this machine: a resolver may lead names below `localhost` elsewhere."""
    return plain_name(host) if address_of(host) is not None else "localhost"


class _Head:
    """What httptools reads of a head."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        """A piece of it."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line."""
        self.headers.append((name, value))


def read_head(text: bytes) -> Asked:
    """Read a head, which ends with an empty line.

    Raises:
        Refused: it is no HTTP, or no call to a proxy.
    """
    head = _Head()
    parser = httptools.HttpRequestParser(head)
    try:
        with contextlib.suppress(httptools.HttpParserUpgrade):  # CONNECT, and offers of other protocols
            parser.feed_data(text)
    except httptools.HttpParserError as error:
        raise ProxyRefused(400, f"this is not HTTP/1.1: {error}") from error
    method, url = parser.get_method().decode("latin-1"), head.url.decode("latin-1")
    host, port = _authority(url if method == "CONNECT" else urlsplit(url).netloc, tunnel=method == "CONNECT")
    if method == "CONNECT":
        return Asked(method, host, port, b"")
    if urlsplit(url).scheme.lower() != "http":
        raise ProxyRefused(
            400, f"{url[:100]} was asked for without a tunnel, as axios 0.27 does: https goes through CONNECT"
        )
    parts = urlsplit(url)
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    kept = [row for row in head.headers if row[0].lower() not in _HOP_BY_HOP]
    lines = [b"%b: %b\r\n" % row for row in [*kept, (b"Connection", b"close")]]
    return Asked(method, host, port, f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + b"".join(lines) + b"\r\n")


def _authority(text: str, *, tunnel: bool) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ProxyRefused(400, f"{text[:100]!r} is not HOST:PORT: {error}") from error
    if not host:
        raise ProxyRefused(
            400, "this is a forward proxy, not Daraja: give its address to the merchant as HTTPS_PROXY, not as base URL"
        )
    if tunnel and port is None:
        raise ProxyRefused(400, f"CONNECT {text[:100]}: expected HOST:PORT")
    return host, port or 80


def _refusal(why: ProxyRefused) -> bytes:
    body = f"Tayari's forward proxy: {why}\n".encode()
    head = f"HTTP/1.1 {why.status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


async def _connected(address: Address, asked: Asked) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(*address)
    except TimeoutError as error:
        raise ProxyRefused(504, f"{asked.host}:{asked.port} did not answer within {CONNECT_S:g} s") from error
    except OSError as error:
        raise ProxyRefused(502, f"{asked.host}:{asked.port} cannot be reached: {error}") from error


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until this side has no more; then signal the end to the other side."""
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        writer.close()  # the other direction has nobody to carry for any more
        return
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
