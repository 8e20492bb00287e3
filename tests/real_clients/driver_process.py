"""The process in which a published client runs: its settings at the start, and the calls that it makes."""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Final

import requests
from clients import DRIVERS
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tayari_control.simulator_process import SimulatorProcess

Json = dict[str, Any]

PATIENCE_S: Final = 90.0
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


class Driver:
    """A driver that stays, and makes calls on demand."""

    def __init__(self, words: list[str], environment: Json, folder: Path) -> None:
        self._process = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put("")

    def _read_errors(self) -> None:
        self._errors += self._process.stderr or ()

    def line_with(self, key: str) -> Json:
        """The next line with this key; packages print lines of their own."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                continue
            if not line:
                self._process.wait(5)
                return {"ended": "".join(self._errors[-1:]).strip()}
            if line.startswith("{") and (reply := object_of(line)) is not None and key in reply:
                return reply
        return {"ended": f"nothing within {PATIENCE_S:.0f} s"}

    def ask(self, what: Json) -> Json:
        """Let it push, or read a callback."""
        if self._process.poll() is not None:
            return {"raised": "the process has ended"}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        reply = self.line_with("told")
        return dict(reply["told"]) if "told" in reply else {"raised": f"the process ended: {reply['ended']}"}

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(5)
        for reader in self._readers:
            reader.join(5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def object_of(line: str) -> Json | None:
    """The JSON object that a line is; None: it is none."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None
