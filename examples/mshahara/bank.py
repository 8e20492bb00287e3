"""The calls to M-Pesa: token, B2C payment, transaction status, account balance. Standard library, and one cipher."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding


@dataclass(frozen=True)
class Settings:
    """Where M-Pesa is and who we are."""

    url: str
    key: str
    secret: str
    short_code: str
    initiator: str
    password: str
    certificate: str
    """Path of the certificate that the password is encrypted with."""
    public_url: str
    """Our own address, as M-Pesa calls it."""


@dataclass(frozen=True)
class Answer:
    """What a call came to. `status` 0: no answer at all."""

    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether M-Pesa has queued the request."""
        return self.status == 200 and str(self.body.get("ResponseCode")) == "0"

    @property
    def code(self) -> str:
        """The error code; empty when there is none."""
        return str(self.body.get("errorCode") or "")

    @property
    def duplicate(self) -> bool:
        """Whether M-Pesa accepted this id before. Other errors have the same code, so the message decides."""
        return self.code == "500.002.1001" and "duplicate" in str(self.body.get("errorMessage") or "").lower()

    @property
    def unknown(self) -> bool:
        """Whether the request may have been accepted although its answer is lost."""
        return self.status in (0, 408) or self.status >= 500 or (self.status == 200 and not self.accepted)


class Bank:
    """One M-Pesa account."""

    pad: AsymmetricPadding = padding.PKCS1v15()
    occasion = "Occassion"
    """B2C spells it so."""

    def __init__(self, settings: Settings, timeout_s: float = 8.0) -> None:
        self.settings = settings
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def pay(self, originator_id: str, phone: str, amount: int, remarks: str) -> Answer:
        """B2C version 3."""
        return self._post("/mpesa/b2c/v3/paymentrequest", {
            "OriginatorConversationID": originator_id,
            "InitiatorName": self.settings.initiator,
            "SecurityCredential": self.credential(),
            "CommandID": "SalaryPayment",
            "Amount": amount,
            "PartyA": self.settings.short_code,
            "PartyB": phone,
            "Remarks": remarks[:100],
            "QueueTimeOutURL": f"{self.settings.public_url}/results/late",
            "ResultURL": f"{self.settings.public_url}/results/result",
            self.occasion: "Salary",
        })  # fmt: skip

    def ask(self, originator_id: str) -> Answer:
        """Transaction status of a payout, by our own id."""
        return self._post("/mpesa/transactionstatus/v1/query", {
            "Initiator": self.settings.initiator,
            "SecurityCredential": self.credential(),
            "CommandID": "TransactionStatusQuery",
            "OriginatorConversationID": originator_id,
            "PartyA": self.settings.short_code,
            "IdentifierType": "4",
            "ResultURL": f"{self.settings.public_url}/results/status",
            "QueueTimeOutURL": f"{self.settings.public_url}/results/status-late",
            "Remarks": "Salary check",
            "Occasion": originator_id,
        })  # fmt: skip

    def ask_balance(self) -> Answer:
        """Balance of our accounts; the answer comes as a result of its own."""
        return self._post("/mpesa/accountbalance/v1/query", {
            "Initiator": self.settings.initiator,
            "SecurityCredential": self.credential(),
            "CommandID": "AccountBalance",
            "PartyA": self.settings.short_code,
            "IdentifierType": "4",
            "ResultURL": f"{self.settings.public_url}/results/balance",
            "QueueTimeOutURL": f"{self.settings.public_url}/results/balance-late",
            "Remarks": "Before salaries",
        })  # fmt: skip

    def credential(self) -> str:
        """The initiator's password, encrypted with the certificate."""
        with open(self.settings.certificate, "rb") as file:
            key = x509.load_pem_x509_certificate(file.read()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return base64.b64encode(key.encrypt(self.settings.password.encode(), self.pad)).decode()

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        token = self._bearer()
        if not token:
            return Answer(0, {"errorCode": "no-token"})
        answer = self._call(path, json.dumps(body).encode(), {"Authorization": f"Bearer {token}"})
        if answer.code in ("404.001.03", "401.002.01", "400.003.01"):
            self._ends = 0.0
            answer = self._call(path, json.dumps(body).encode(), {"Authorization": f"Bearer {self._bearer()}"})
        return answer

    def _bearer(self) -> str:
        with self._lock:
            if time.monotonic() >= self._ends:
                pair = base64.b64encode(f"{self.settings.key}:{self.settings.secret}".encode()).decode()
                path = "/oauth/v1/generate?grant_type=client_credentials"
                answer = self._call(path, None, {"Authorization": f"Basic {pair}"})
                self._token = str(answer.body.get("access_token") or "")
                self._ends = time.monotonic() + float(answer.body.get("expires_in") or 0) - 60 if self._token else 0.0
            return self._token

    def _call(self, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(self.settings.url + path, data=body, headers=headers)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
                return Answer(response.status, _json(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _json(error.read()))
        except (OSError, ValueError):
            return Answer(0, {})


def _json(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
