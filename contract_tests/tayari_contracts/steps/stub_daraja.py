"""A stub of Daraja for one check: a listener on loopback that a second process of the merchant is given."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tayari_control.http_session import is_real_daraja
from tayari_target.driver import MerchantDriver, Started
from tayari_target.environment_options import can_have_another_daraja
from tayari_target.merchant_interception import HTTPS_PORT, LOOPBACK, SAFARICOM, Intercept
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.target_model import Start

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, key_missing

TOKEN: Final = json.dumps({"access_token": "elsewhere", "expires_in": "3599"})
_OTHER_LOOPBACK: Final = tuple(f"127.0.0.{number}" for number in range(2, 10))
"""Where port 443 is tried for a merchant with a host file of its own: the simulator has that of 127.0.0.1."""
_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of each TLS connection, and of no HTTP call."""
_PIECE: Final = 64 * 1024
"""Bytes."""


class StubListener:
    """Gives a token to every caller, and keeps every other call without answer until its caller hangs up.

    A context manager. One port takes the merchant's calls as plain HTTP, under TLS, or through a proxy.
    """

    def __init__(self, certificate: tuple[Path, Path], *, onward: str = "", start: Start | None = None) -> None:
        """`certificate`: files of the chain and of its key. `onward`: URL of the proxy for calls of other hosts.

        Raises:
            OSError: `start` needs a port that is not free.
        """
        self.calls: list[str] = []
        """The request lines that were read."""
        self.refused = 0
        """How many callers ended the handshake, because they did not trust the certificate."""
        self.held_s: list[float] = []
        """Seconds that each caller waited before it hung up."""
        self._onward = urlsplit(onward)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._socket = _socket_for(start)
        self.address = "{}:{}".format(*self._socket.getsockname())
        self._closing = Event()

    def __enter__(self) -> StubListener:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):  # a thread that waits in `accept` would keep the port
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing.is_set():
                connection, _ = self._socket.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:  # ValueError: the address cannot be read
            connection.settimeout(5.0)
            if connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                self._serve_encrypted(connection)
            else:
                self._answer(connection)

    def _serve_encrypted(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as encrypted:
                self._answer(encrypted)
        except ssl.SSLError:
            self.refused += 1

    def _answer(self, connection: socket.socket) -> None:
        """Keep-alive: one connection may bring the token's call and the push."""
        while head := self._read(connection):
            request = head.split(b"\r\n", 1)[0].decode("latin-1")
            method, address = [*request.split(" "), ""][:2]
            host = urlsplit(f"//{address}" if method == "CONNECT" else address).hostname
            if host is not None and not is_real_daraja(host) and host != LOOPBACK:
                self._pass_on(connection, head)
                return
            if method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._serve_encrypted(connection)
                return
            self.calls.append(request)
            if "/oauth/" not in request:
                self._hold(connection)
                return
            answer = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TOKEN)}\r\n\r\n"
            connection.sendall(f"{answer}{TOKEN}".encode())

    def _pass_on(self, connection: socket.socket, head: bytes) -> None:
        """Pass a call of another host to the run's own proxy, which refuses it or lets it pass."""
        with socket.create_connection((self._onward.hostname, self._onward.port), timeout=5.0) as proxy:
            for end in (connection, proxy):
                end.settimeout(None)
            proxy.sendall(head)
            back = Thread(target=_carry, args=(proxy, connection), daemon=True)
            back.start()
            _carry(connection, proxy)
            back.join()

    def _read(self, connection: socket.socket) -> bytes:
        """The whole head of a call, and perhaps the beginning of its body; empty when the caller hung up."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return b""
            head += piece
        return head

    def _hold(self, connection: socket.socket) -> None:
        began = time.monotonic()
        connection.settimeout(0.2)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(4096):
                    self.held_s.append(time.monotonic() - began)
                    return


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes from `source` to `target` until `source` ends; then end `target`."""
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def _socket_for(start: Start | None) -> socket.socket:
    """A port that the system chooses; for a merchant with a host file of its own, the one of HTTPS."""
    if start is None or start.intercept is not Intercept.HOSTS:
        return socket.create_server((LOOPBACK, 0))
    for address in _OTHER_LOOPBACK[:-1]:
        with contextlib.suppress(OSError):  # another check may have it
            return socket.create_server((address, HTTPS_PORT))
    return socket.create_server((_OTHER_LOOPBACK[-1], HTTPS_PORT))


@contextlib.contextmanager
def merchant_with_stub(context: CheckContext, *, trusted: bool) -> Iterator[tuple[StubListener, MerchantDriver]]:
    """Start a second process of the merchant with a listener in place of Daraja; gives the listener and its driver.

    `trusted`: the merchant calls by HTTP, or is configured to trust the certificate. Else it must refuse it.

    Raises:
        Untested: the target file does not let Tayari start one, or it did not start.
    """
    if not can_have_another_daraja(context.target):
        raise key_missing(
            "the merchant cannot be started a second time with another address of Daraja",
            "merchant.start with {daraja_url} or `intercept: auto`, and {port} in merchant.base_url",
        )
    onward = context.environment.placeholders.get("proxy_url", "")
    with contextlib.ExitStack() as stack:
        certificate = stack.enter_context(own_certificate())
        try:
            listener = stack.enter_context(
                StubListener(certificate, onward=onward, start=context.target.merchant.start)
            )
        except OSError as error:
            raise Untested(
                f"port {HTTPS_PORT} is not free at a second loopback address (intercept: hosts): {error}"
            ) from error
        plain, encrypted = (f"{scheme}://{listener.address}" for scheme in ("http", "https"))
        changed = {"daraja_url": plain if trusted else encrypted, "tls_url": encrypted, "proxy_url": plain}
        if trusted:
            changed["ca_file"] = str(certificate[0])
        work_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tayari-")))
        try:
            driver = stack.enter_context(context.actions.second_merchant(work_dir, **changed))
        except MerchantStartError as error:
            raise Untested(f"a second process of the merchant did not start: {error}") from error
        yield listener, driver


def begin_payment(
    context: CheckContext, driver: MerchantDriver, *, reference: str, timeout_s: float
) -> Future[Started]:
    """Ask the second process for a payment; its answer comes in the future."""
    msisdn, amount = context.allocation.msisdn(), context.allocation.amount()
    return context.actions.in_background(
        lambda: driver.start_payment(msisdn=msisdn, amount=amount, reference=reference, timeout_s=timeout_s)
    )


@contextlib.contextmanager
def own_certificate() -> Iterator[tuple[Path, Path]]:
    """Files of a self-signed certificate for Safaricom's names and loopback, and of its key, while the block runs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SAFARICOM[0])])
    names = [*(x509.DNSName(host) for host in (*SAFARICOM, "localhost")), x509.IPAddress(ip_address(LOOPBACK))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory(prefix="tayari-") as folder:
        chain, secret = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(key.private_bytes(*plain))
        yield chain, secret
