"""A certificate authority of this machine's own, and the certificates that it gives to Safaricom's names.

It is made on first use and kept in the user's state folder, so that a merchant has to trust it only once. Its key is
readable by its owner only, never leaves the folder, and signs nothing but this simulator's own port.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tayari_simulator.state_folder import alone, keep_once
from tayari_simulator.transport.interception.hosts import DOMAIN, PRODUCTION_HOST, SANDBOX_HOST

if TYPE_CHECKING:  # loaded when the TLS port is opened: it takes 0.1 s, a fifth of the simulator's start
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

NAME: Final = "Tayari local test authority"
CA_FILE: Final = "tayari-ca.pem"
_KEY_FILE: Final = "tayari-ca-with-key.pem"
_AUTHORITY_DAYS: Final = 730
_RENEWED_BEFORE: Final = timedelta(days=30)
_LEAF_DAYS: Final = 90
"""A certificate of the port is made at every start, so that none runs out while it is used."""
_NAMES: Final = (SANDBOX_HOST, PRODUCTION_HOST, f"*.{DOMAIN}", DOMAIN, "localhost", "127.0.0.1", "::1")


class AuthorityError(Exception):
    """The authority's files cannot be used; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class LocalAuthority:
    """The authority's certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    ca_file: Path
    """Its certificate as PEM, for clients that have to trust it."""

    @classmethod
    def open(cls, folder: Path) -> LocalAuthority:
        """The authority of this folder; one that is missing or soon runs out is made.

        Raises:
            AuthorityError: the folder cannot be written, or what it holds is no authority.
        """
        whole = folder / _KEY_FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(folder):
                if not _is_usable(whole):
                    whole.unlink(missing_ok=True)
                    keep_once(whole, _made())
            key, certificate = _read(whole.read_bytes())
            ca_file = folder / CA_FILE
            _write_public(ca_file, certificate)
        except OSError as error:
            raise AuthorityError(
                f"the local authority in {folder} cannot be used: {error.strerror or error}; give a folder of your own "
                "that can be written with the variable TAYARI_STATE"
            ) from error
        except ValueError as error:
            raise AuthorityError(f"{whole} holds no certificate with its key: {error}; delete it") from error
        return cls(certificate, key, ca_file)

    def tls_context(self) -> ssl.SSLContext:
        """What the TLS port shows: a certificate for Safaricom's names, and for this machine's."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _sign(key.public_key(), SANDBOX_HOST, self.certificate.subject, self.key, days=_LEAF_DAYS, is_ca=False)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # only its owner may read it
            chain = (leaf, self.certificate)
            file.write(secret + b"".join(row.public_bytes(serialization.Encoding.PEM) for row in chain))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _is_usable(whole: Path) -> bool:
    """Whether there is an authority that lasts for a while."""
    if not whole.exists():
        return False
    _, certificate = _read(whole.read_bytes())
    return certificate.not_valid_after_utc - _RENEWED_BEFORE > datetime.now(UTC)


def _read(text: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The key and the certificate of a PEM file. Raises ValueError."""
    from cryptography import x509  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = serialization.load_pem_private_key(text, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is of another kind")
    return key, x509.load_pem_x509_certificate(text)


def _made() -> bytes:
    """A new authority as PEM, key first."""
    from cryptography import x509  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    certificate = _sign(key.public_key(), NAME, name, key, days=_AUTHORITY_DAYS, is_ca=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _sign(
    public_key: ec.EllipticCurvePublicKey,
    common_name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    days: int,
    is_ca: bool,
) -> x509.Certificate:
    """A certificate, valid from yesterday on: clocks differ. Strict clients want every extension that is here."""
    from cryptography import x509  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    now = datetime.now(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if not is_ca:
        names = [x509.IPAddress(ip_address(row)) if row[0] in "1:" else x509.DNSName(row) for row in _NAMES]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(key, hashes.SHA256())


def _write_public(path: Path, certificate: x509.Certificate) -> None:
    """The certificate alone, for everybody; replaced in one step, for merchants may read it now."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above

    text = certificate.public_bytes(serialization.Encoding.PEM)
    if path.exists() and path.read_bytes() == text:
        return
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    Path(fresh).chmod(0o644)
    Path(fresh).replace(path)
