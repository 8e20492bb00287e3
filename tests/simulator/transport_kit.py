"""A simulator with its Daraja port open, and a merchant on a raw socket, in one event loop."""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from core_kit import PASSKEY, Playing, payload
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tayari_simulator import build
from tayari_simulator.config import Config
from tayari_simulator.journal.entries import Question, to_dict
from tayari_simulator.journal.memory import page_of
from tayari_simulator.transport.payment_views import transaction_dict, transactions_of
from tayari_simulator.transport.simulator import Simulator

NOT_COMPILED = pytest.mark.skipif(build() == "compiled", reason="nothing of a compiled module can be replaced")

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def payments_of(
    simulator: Simulator, *, msisdn: str | None = None, transaction_id: str | None = None
) -> list[dict[str, Any]]:
    """As `GET /v1/payments` lists them."""
    rows = transactions_of(simulator.daraja.state.transactions, msisdn, transaction_id, None)
    return [transaction_dict(row) for row in rows]


def journal_of(simulator: Simulator, *, limit: int = 1000, **where: Any) -> dict[str, Any]:
    """What `GET /v1/journal` answers of the entries in memory; `where`: the fields of a `Question`."""
    question = Question(**where)
    found, following = page_of(simulator.entries, simulator.entries.find(question), question, limit)
    entries = [to_dict(entry, daraja_url=simulator.daraja_url) for entry in found]
    return {"entries": entries, "next": following}


@dataclass
class Merchant:
    """Takes callbacks; `answer` decides the bytes that go back (None: none, the connection hangs)."""

    answer: Callable[[bytes], Awaitable[bytes | None]] | bytes = OK
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closes: bool = False
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self.requests.append(head + body)
                answer = self.answer if isinstance(self.answer, bytes) else await self.answer(body)
                if answer is None:
                    await asyncio.sleep(60)
                    break
                writer.write(answer)
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @property
    def bodies(self) -> list[Any]:
        """The JSON of every callback."""
        return [orjson.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]


@asynccontextmanager
async def merchant(answer: Any = OK, *, tls: ssl.SSLContext | None = None, **more: Any) -> AsyncIterator[Merchant]:
    """A merchant that listens; with `tls`, over https."""
    shop = Merchant(answer, **more)
    server = await asyncio.start_server(shop.serve, "127.0.0.1", 0, ssl=tls)
    shop.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield shop
    finally:
        server.close()


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "merchant.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@dataclass
class Port:
    """A running simulator, called with raw requests."""

    simulator: Simulator
    token: str = ""

    async def raw(self, request: bytes, *, connection: Any = None) -> bytes:
        """Send bytes, read until the answer is whole or the connection ends."""
        parts = urlsplit(self.simulator.daraja_url)
        reader, writer = connection or await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        try:
            return await read_answer(reader, head_only=request.startswith(b"HEAD"))
        finally:
            if connection is None:
                writer.close()

    async def call(self, path: str, body: Any = None, *, connection: Any = None, **headers: str) -> tuple[int, Any]:
        """One call; the JSON of the answer."""
        content = b"" if body is None else orjson.dumps(body)
        lines = {"Host": "x", "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | headers
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        answer = await self.raw(
            f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content, connection=connection
        )
        status, _, rest = answer.partition(b"\r\n")
        return int(status.split()[1]), orjson.loads(rest.partition(b"\r\n\r\n")[2] or b"null")

    async def log_in(self) -> None:
        basic = b64encode(b"k:s").decode()
        _, answer = await self.call("/oauth/v1/generate?grant_type=client_credentials", Authorization=f"Basic {basic}")
        self.token = answer["access_token"]

    async def push(self, url: str = "http://127.0.0.1:1/", **changes: Any) -> tuple[int, Any]:
        body = payload("stk_push.request") | {"CallBackURL": url} | changes
        return await self.call("/mpesa/stkpush/v1/processrequest", body)

    async def answered(self, count: int = 1, timeout_s: float = 5.0) -> list[Any]:
        """The journal's callbacks, once there is a given number of them."""
        waited = await self.simulator.wait("callback_answered", count=count, timeout_s=timeout_s)
        assert waited["met"], waited
        entries: list[Any] = waited["entries"]
        return entries


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> bytes:
    """One answer, or what came of it before the connection ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        return head + (b"" if head_only or not length else await reader.readexactly(int(length[1])))
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionError:
        return b"reset"


class Wire:
    """The transport of a connection without a socket: it keeps what is written, and says whether it was closed."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@asynccontextmanager
async def port(choose: Playing | None = None, **config: Any) -> AsyncIterator[Port]:
    """A simulator whose payments are done after 10 ms, with a token."""
    config["options"] = {"outcome_after_s": "0.01"} | config.get("options", {})
    behaviours = config.pop("behaviours", lambda _: None)
    simulator = Simulator(Config(port=0, passkey=PASSKEY, **config), choose=None, behaviours=behaviours)
    await simulator.start()
    running = Port(simulator)
    try:
        await running.log_in()
        simulator.daraja.state.choose = choose
        yield running
    finally:
        await simulator.close()


def in_loop(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test, bounded."""

    async def run() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(run())
