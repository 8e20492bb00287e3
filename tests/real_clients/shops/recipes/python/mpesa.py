"""M-Pesa for a small shop, whatever its framework: pushes, callbacks, and questions about payments without one."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

DARAJA = os.environ.get("MPESA_BASE_URL", "https://sandbox.safaricom.co.ke")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "https://shop.example")
SHORT_CODE = os.environ["MPESA_SHORTCODE"]
ASK_AFTER_S = float(os.environ.get("MPESA_ASK_AFTER_S", "30"))
SENT, DOWN = "Enter your M-Pesa PIN on your phone.", "M-Pesa does not work now. You were not charged: pay by card."
CHECKING, REVIEW = "We are checking your payment with M-Pesa.", "A person is looking at your payment."
SAID = {
    "1": "Your M-Pesa balance is too low. You were not charged. Top up, or pay by card.",
    "1032": "You cancelled the payment. You can try again.",
    "1037": "Your phone could not be reached. Is it on? Try again.",
    "1019": "The request expired. Try again.",
    "2001": "The PIN was wrong. Try again.",
}
Row = Mapping[str, Any]
log = logging.getLogger("mpesa")


class Store(Protocol):
    """The payments. `secret` is in the payment's callback URL, and nowhere else."""

    def open(self, reference: str, fields: Row) -> tuple[Row, bool]:
        """A new pending payment; or the one of this reference that is pending or paid, and False."""

    def by(self, name: str, value: str) -> Row | None:
        """The payment with this value."""

    def pending(self, before: float) -> list[Row]:
        """Payments that began before a time and have no end."""

    def change(self, payment_id: str, states: tuple[str, ...], **fields: Any) -> bool:
        """Change a payment that is in one of these states; False: it is not."""


class Daraja:
    """The calls to Safaricom. One token serves many."""

    def __init__(self) -> None:
        self._http = httpx.Client(base_url=DARAJA, timeout=httpx.Timeout(15, connect=5))
        self._token, self._until, self._lock = "", 0.0, threading.Lock()

    def post(self, path: str, body: Row) -> tuple[int, dict[str, Any]]:
        """One call; a token that was refused is renewed once. What the service cannot take now is tried again."""
        status, answer = 0, {}
        for pause_s in (0.0, 1.0, 2.2):
            time.sleep(pause_s * (0.8 + secrets.randbelow(100) / 250))
            try:
                status, answer = self._send(path, body, self.token())
                if status == 401 or answer.get("errorCode") == "404.001.03":
                    status, answer = self._send(path, body, self.token(fresh=True))
            except httpx.ConnectError:
                status, answer = 503, {}
            busy = status in {429, 503} or str(answer.get("errorCode", "")) in {"500.003.02", "500.003.03"}
            if not busy:
                break
        return status, answer

    def token(self, *, fresh: bool = False) -> str:
        with self._lock:
            if fresh or time.time() > self._until:
                pair = (os.environ["MPESA_CONSUMER_KEY"], os.environ["MPESA_CONSUMER_SECRET"])
                answer = self._http.get("/oauth/v1/generate", params={"grant_type": "client_credentials"}, auth=pair)
                answer.raise_for_status()
                self._token = answer.json()["access_token"]
                self._until = time.time() + int(answer.json()["expires_in"]) - 60
            return self._token

    def _send(self, path: str, body: Row, token: str) -> tuple[int, dict[str, Any]]:
        answer = self._http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        try:
            decoded = answer.json()
        except ValueError:
            decoded = {}
        return answer.status_code, decoded if isinstance(decoded, dict) else {}


class Payments:
    """What the routes of the shop call."""

    def __init__(self, store: Store) -> None:
        self.store, self._daraja = store, Daraja()

    def ask_about_silent_ones(self) -> None:
        """Begin to ask about payments whose callback does not come."""
        threading.Thread(target=self._clerk, daemon=True).start()

    def start(self, phone: object, amount: object, reference: object) -> tuple[int, dict[str, Any]]:
        """A push; the status and body of the answer."""
        msisdn = normalised(str(phone))
        if msisdn is None or not re.fullmatch(r"[1-9]\d{0,5}", str(amount)):
            return 400, {"message": "Type a phone number such as 0712345678 and a whole amount of shillings."}
        fields = {"msisdn": msisdn, "amount": int(str(amount)), "secret": secrets.token_urlsafe(24), "message": SENT}
        payment, new = self.store.open(str(reference), fields | {"began": time.time()})
        if new:
            self._push(payment)
        payment = self.store.by("id", payment["id"]) or payment
        return (502 if payment["state"] == "FAILED" else 202), shown(payment)

    def callback(self, secret: str, raw: bytes) -> None:
        """A result. Whatever it is, Daraja is answered 200."""
        payment = self.store.by("secret", secret)
        try:
            result = json.loads(raw)["Body"]["stkCallback"]
            code, checkout = str(result["ResultCode"]), str(result["CheckoutRequestID"])
            items = {item["Name"]: item.get("Value") for item in (result.get("CallbackMetadata") or {}).get("Item", [])}
        except (ValueError, KeyError, TypeError):
            return
        if payment is None or payment["checkout_request_id"] not in ("", checkout):
            return
        if code == "0" and float(items.get("Amount") or 0) != payment["amount"]:
            self.store.change(payment["id"], ("PENDING",), state="REVIEW", message=REVIEW)
        elif code == "0":
            self._paid(payment, str(items.get("MpesaReceiptNumber") or ""))
        else:
            self._failed(payment, code)

    def _push(self, payment: Row) -> None:
        stamp, password = signed()
        body = {
            "BusinessShortCode": SHORT_CODE, "Password": password, "Timestamp": stamp,
            "TransactionType": "CustomerPayBillOnline", "Amount": payment["amount"], "PartyA": payment["msisdn"],
            "PartyB": SHORT_CODE, "PhoneNumber": payment["msisdn"], "TransactionDesc": "Order",
            "CallBackURL": f"{PUBLIC_URL}/hooks/{payment['secret']}",
            "AccountReference": re.sub(r"\W", "", payment["reference"])[:12] or "Order",
        }  # fmt: skip
        try:
            status, answer = self._daraja.post("/mpesa/stkpush/v1/processrequest", body)
        except httpx.ReadTimeout:
            self.store.change(payment["id"], ("PENDING",), message=CHECKING)  # nobody knows whether it was taken
            return
        except httpx.HTTPError as error:
            log.warning("Daraja: %s", type(error).__name__)
            status, answer = 503, {}
        if status == 200 and str(answer.get("ResponseCode")) == "0":
            checkout = str(answer["CheckoutRequestID"])
            self.store.change(payment["id"], ("PENDING", "PAID", "FAILED"), checkout_request_id=checkout)
        else:
            log.warning("Daraja refused a push: %s", answer.get("errorCode", status))
            self.store.change(payment["id"], ("PENDING",), state="FAILED", message=DOWN)

    def _clerk(self) -> None:
        while True:
            time.sleep(ASK_AFTER_S / 4)
            for payment in self.store.pending(time.time() - ASK_AFTER_S):
                if payment["checkout_request_id"]:
                    try:
                        self._ask(payment)
                    except (httpx.HTTPError, ValueError, KeyError) as error:
                        log.warning("a question was not answered: %s", type(error).__name__)

    def _ask(self, payment: Row) -> None:
        stamp, password = signed()
        body = {"BusinessShortCode": SHORT_CODE, "Password": password, "Timestamp": stamp}
        body["CheckoutRequestID"] = payment["checkout_request_id"]
        status, answer = self._daraja.post("/mpesa/stkpushquery/v1/query", body)
        code = str(answer.get("ResultCode", ""))
        if status == 200 and code == "0":
            self._paid(payment, "")
        elif status == 200 and code in SAID:
            self._failed(payment, code)

    def _paid(self, payment: Row, receipt: str) -> None:
        fields = {"state": "PAID", "message": "Paid. Thank you!", "receipt": receipt, "credited": payment["amount"]}
        if not self.store.change(payment["id"], ("PENDING", "FAILED"), **fields) and receipt:
            self.store.change(payment["id"], ("PAID",), receipt=receipt)

    def _failed(self, payment: Row, code: str) -> None:
        message = SAID.get(code, "The payment did not work. You were not charged. Try again, or pay by card.")
        self.store.change(payment["id"], ("PENDING",), state="FAILED", message=message)


def signed() -> tuple[str, str]:
    """Timestamp and Password of a call."""
    stamp = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y%m%d%H%M%S")
    return stamp, base64.b64encode((SHORT_CODE + os.environ["MPESA_PASSKEY"] + stamp).encode()).decode()


def normalised(phone: str) -> str | None:
    """The number as Daraja wants it; None: it is no Kenyan mobile number."""
    found = re.fullmatch(r"(?:254|0)?([17]\d{8})", re.sub(r"[\s()+-]", "", phone))
    return f"254{found[1]}" if found else None


def shown(payment: Row) -> dict[str, Any]:
    """What the customer's page may know."""
    return {
        "id": str(payment["id"]), "status": payment["state"], "message": payment["message"],
        "receipt": payment["receipt"], "credited": payment["credited"],
    }  # fmt: skip
