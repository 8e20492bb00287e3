"""`{security_credential}`: the initiator's password, encrypted for the simulator's key. Source: reference 1.7, 1.8."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

SANDBOX_PASSWORD: Final = "Safaricom999!*!"
"""Of `testapi`, the sandbox's public initiator. Source: reference 1.8."""


def initiator_password(organisations: Iterable[Mapping[str, Any]]) -> str:
    """The password of the first initiator that the target file names; of the sandbox's where it names none."""
    named = (initiator for row in organisations for initiator in row.get("initiators", ()))
    return next((str(initiator["password"]) for initiator in named), SANDBOX_PASSWORD)


def security_credential(certificate: str, password: str) -> str:
    """The password as `SecurityCredential` holds it (RSA PKCS#1 v1.5, then base64). `certificate`: PEM."""
    from cryptography import x509  # noqa: PLC0415 - loading it takes 0.1 s, and most merchants do not need it
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError(f"the simulator's certificate has a key of the type {type(key).__name__}; expected RSA")
    return base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()
