"""What a driver is told in its environment."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import requests
from clients import DRIVERS
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tayari_control.process import SimulatorProcess

PASSWORD = "Safaricom999!*!"
RECEIVER_URL = "https://shop.example.co.ke"


def settings_of(simulator: SimulatorProcess, port: int, folder: Path, *, phone: str) -> dict[str, str]:
    """The simulator's address and credentials, the receiver, and a phone; the certificate is written to `folder`."""
    certificate = requests.get(simulator.ready["certificate_url"], timeout=10).text
    (folder / "daraja.pem").write_text(certificate)
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(DRIVERS),
        "DARAJA_URL": simulator.daraja_url,
        "CONSUMER_KEY": simulator.ready["consumer_key"],
        "CONSUMER_SECRET": simulator.ready["consumer_secret"],
        "PASSKEY": simulator.ready["passkey"],
        "SECURITY_CREDENTIAL": base64.b64encode(key.encrypt(PASSWORD.encode(), padding.PKCS1v15())).decode(),
        "CERTIFICATE": str(folder / "daraja.pem"),
        "PHONE": phone,
        "RECEIVER_PORT": str(port),
        "RECEIVER_URL": RECEIVER_URL,
    }
