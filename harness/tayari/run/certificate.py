"""A server's certificate and TLS version, seen from here."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

from cryptography import x509

_LIMIT_S: Final = 5.0
_DAY_S: Final = 86_400
_GOOD: Final = frozenset({"TLSv1.2", "TLSv1.3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a TLS handshake showed."""

    trusted: bool
    problem: str
    """Why it is not trusted; empty when it is."""
    days_left: int
    tls_version: str

    @property
    def modern(self) -> bool:
        """TLS 1.2 or newer."""
        return self.tls_version in _GOOD


def look(host: str, port: int) -> Certificate:
    """Shake hands with a server, trusting it or not.

    Raises:
        OSError: nothing answers there, or it speaks no TLS.
    """
    version, der = _shake(host, port, trusting=True)
    parsed = x509.load_der_x509_certificate(der)
    problem = ""
    try:
        _shake(host, port, trusting=False)
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
    left = int((parsed.not_valid_after_utc.timestamp() - time.time()) // _DAY_S)
    return Certificate(trusted=not problem, problem=problem, days_left=left, tls_version=version)


def _shake(host: str, port: int, *, trusting: bool) -> tuple[str, bytes]:
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_LIMIT_S) as raw,
        context.wrap_socket(raw, server_hostname=host) as secure,
    ):
        return secure.version() or "", secure.getpeercert(binary_form=True) or b""
