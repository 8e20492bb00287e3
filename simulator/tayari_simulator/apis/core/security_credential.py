"""`SecurityCredential`: the initiator's password, encrypted for a key of this machine's own. Source: reference 1.7."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # loaded when a credential is made or read: it takes 0.1 s, a fifth of the simulator's start
    from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS: Final = 2048
NAME: Final = "Tayari Daraja simulator"
_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)


REMEMBERED: Final = 1024
"""How many credentials are kept with their passwords."""
LONGEST_KEPT: Final = 4 * KEY_BITS // 8
"""Characters of a credential that is kept: no good one is longer."""


class SecurityCredentials:
    """A key pair, made when it is first needed: most runs never ask for it.

    A credential is decrypted once, which takes half a millisecond: ten whole payments. Merchants send the same text
    until the password changes (reference 1.7).
    """

    def __init__(self, find_key: Callable[[], rsa.RSAPrivateKey] | None = None) -> None:
        self._find_key = find_key or made_key
        self.kept: dict[str, str | None] = {}
        """Passwords by credential, the oldest first."""
        self._key: rsa.RSAPrivateKey | None = None
        self._finding = Lock()

    @property
    def has_key(self) -> bool:
        """Whether the key is there: what needs it takes no time any more."""
        return self._key is not None

    def key(self) -> rsa.RSAPrivateKey:
        """The key pair. The first call takes up to 0.1 s: a server makes it in a thread of its own."""
        with self._finding:
            if self._key is None:
                self._key = self._find_key()
            return self._key

    @cached_property
    def certificate(self) -> str:
        """The certificate as PEM: what a merchant encrypts with instead of Safaricom's. One key has one certificate."""
        from cryptography import x509  # noqa: PLC0415 - see above
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.x509.oid import NameOID  # noqa: PLC0415

        key = self.key()
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(int.from_bytes(sha256(public).digest()[:19], "big"))
            .not_valid_before(_FROM)
            .not_valid_after(_FROM + timedelta(days=36_500))
            .sign(key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def encrypt(self, password: str) -> str:
        """A credential for this password, as a merchant makes it (RSA PKCS#1 v1.5, then base64)."""
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - see above

        sealed = self.key().public_key().encrypt(password.encode(), padding.PKCS1v15())
        return base64.b64encode(sealed).decode()

    def decrypt(self, credential: str) -> str | None:
        """The password in a credential; None: it was made with another certificate or padding, or is no text."""
        known = self.kept
        if credential in known:
            return known[credential]
        password = self._decrypted(credential)
        if len(credential) <= LONGEST_KEPT:
            if len(known) >= REMEMBERED:
                del known[next(iter(known))]
            known[credential] = password
        return password

    def _decrypted(self, credential: str) -> str | None:
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - see above

        try:
            return self.key().decrypt(base64.b64decode(credential), padding.PKCS1v15()).decode()
        except ValueError:  # of base64, of the padding, and of the text alike
            return None


def made_key() -> rsa.RSAPrivateKey:
    """A new key pair."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see above

    return rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)


def is_base64(text: str) -> bool:
    """Whether a text is base64 at all; one that is not is refused at once."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
