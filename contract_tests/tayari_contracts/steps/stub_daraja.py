"""Another Daraja, made for one check: a listener on loopback that a second process of the merchant is pointed at."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tayari_reports.model import NotTested
from tayari_target.driver import MerchantDriver
from tayari_target.merchant_process import MerchantStartError

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested

LOOPBACK: Final = "127.0.0.1"
TOKEN: Final = json.dumps({"access_token": "elsewhere", "expires_in": "3599"})


class Listener:
    """Gives a token to whoever asks for one, and holds every other call until its caller hangs up. Use as a context."""

    def __init__(self, *, certificate: tuple[Path, Path] | None = None) -> None:
        self.calls: list[str] = []
        """Request lines that were read."""
        self.refused = 0
        """Callers that ended the handshake: they did not trust the certificate."""
        self.held_s: list[float] = []
        """How long callers waited before they hung up."""
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._socket = socket.create_server((LOOPBACK, 0))
        self._closing = Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._context else 'http'}://{LOOPBACK}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Listener:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing.is_set():
                connection, _ = self._socket.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5.0)
            if self._context is None:
                self._answer(connection)
                return
            try:
                with self._context.wrap_socket(connection, server_side=True) as encrypted:
                    self._answer(encrypted)
            except ssl.SSLError:
                self.refused += 1

    def _answer(self, connection: socket.socket) -> None:
        """Keep-alive: one connection may bring the token's call and the push."""
        while request := self._read(connection):
            self.calls.append(request)
            if "/oauth/" not in request:
                self._hold(connection)
                return
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TOKEN)}\r\n\r\n"
            connection.sendall(f"{head}{TOKEN}".encode())

    def _read(self, connection: socket.socket) -> str:
        """The request line, after the whole head was read; empty when the caller hung up."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return ""
            head += piece
        return head.split(b"\r\n", 1)[0].decode("latin-1")

    def _hold(self, connection: socket.socket) -> None:
        began = time.monotonic()
        connection.settimeout(0.2)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(4096):
                    self.held_s.append(time.monotonic() - began)
                    return


@contextlib.contextmanager
def merchant_at(context: CheckContext, daraja_url: str) -> Iterator[MerchantDriver]:
    """A second process of the merchant, which finds its Daraja at this address.

    Raises:
        Untested: the target file does not let Tayari start one, or it did not start.
    """
    start = context.target.merchant.start
    written = " ".join((start.command, *start.env.values())) if start is not None else ""
    if "{daraja_url}" not in written or "{port}" not in context.target.merchant.base_url:
        raise Untested(
            "the merchant cannot be started a second time with another address of Daraja",
            why=NotTested.TARGET_KEY_MISSING,
            enable="merchant.start with {daraja_url}, and {port} in merchant.base_url",
        )
    with tempfile.TemporaryDirectory(prefix="tayari-") as work_dir:
        try:
            with context.actions.second_merchant(Path(work_dir), daraja_url=daraja_url) as driver:
                yield driver
        except MerchantStartError as error:
            raise Untested(f"a second process of the merchant did not start: {error}") from error


@contextlib.contextmanager
def untrusted_certificate() -> Iterator[tuple[Path, Path]]:
    """Files of a certificate for loopback that nobody has signed but itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory(prefix="tayari-") as folder:
        chain, secret = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(key.private_bytes(*plain))
        yield chain, secret
