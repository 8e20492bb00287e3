"""A whole merchant in a page: takes a payment, pushes it through Daraja, takes the callback, shows the state.

`python mini_merchant.py PORT`, with its settings, right or wrong, in the environment.
"""

import base64
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PORT = int(sys.argv[1])
DARAJA = os.environ.get("DARAJA", "http://127.0.0.1:9")
CODE = os.environ.get("CODE", "174379")
PASSKEY = os.environ["PASSKEY"]
PAIR = f"{os.environ.get('KEY', 'k')}:{os.environ.get('SECRET', 's')}"
ECHO = "ECHO" in os.environ
"""Shows each caller its own headers and body, as a careless shop does."""
CALLBACK = os.environ.get("CALLBACK", f"http://127.0.0.1:{PORT}/cb")
POINT = "POINT" in os.environ
OFF_MINUTES = float(os.environ.get("OFF_MINUTES", "0"))
PAID = os.environ.get("PAID_WORD", "PAID")
WITHOUT_DARAJA = "WITHOUT_DARAJA" in os.environ
PAGES = "PAGES" in os.environ
CALLBACK_STATUS = int(os.environ.get("CALLBACK_STATUS", "200"))
ONLY_FROM = os.environ.get("ONLY_FROM", "")
"""The header in which a caller must name its address; else its callbacks are answered 200 and forgotten."""
REFUSES = int(os.environ.get("REFUSES", "0"))
"""The status with which payments are refused before Daraja is called."""
ONE_ORDER = "ONE_ORDER" in os.environ
"""Takes every payment for one of the same order."""
ANSWERS_LAST = "ANSWERS_LAST" in os.environ
"""Answers a payment when it has ended; 402 where it failed."""
CANCELLED = os.environ.get("CANCELLED_WORD", "FAILED")

payments: dict[str, dict[str, Any]] = {}
by_checkout: dict[str, str] = {}
lock = threading.Lock()


def daraja(path: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(DARAJA + path, data, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=10) as answer:
        decoded: dict[str, Any] = json.load(answer)
    return decoded


def push(msisdn: str, amount: int, reference: str) -> str:
    basic = base64.b64encode(PAIR.encode()).decode()
    generate = "/oauth/v1/generate?grant_type=client_credentials"
    token = daraja(generate, {"Authorization": f"Basic {basic}"})["access_token"]
    stamp = (datetime.now(UTC) + timedelta(hours=3, minutes=OFF_MINUTES)).strftime("%Y%m%d%H%M%S")
    sent = {
        "BusinessShortCode": CODE,
        "Password": base64.b64encode((CODE + PASSKEY + stamp).encode()).decode(),
        "Timestamp": stamp,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": float(amount) if POINT else amount,
        "PartyA": msisdn,
        "PartyB": CODE,
        "PhoneNumber": msisdn,
        "CallBackURL": CALLBACK,
        "AccountReference": reference[:12],
        "TransactionDesc": "Order",
    }
    answer = daraja("/mpesa/stkpush/v1/processrequest", {"Authorization": f"Bearer {token}"}, sent)
    return str(answer["CheckoutRequestID"])


class Merchant(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, flush=True)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode() or "{}"
        body: Any = json.loads(text) if text.startswith("{") else parse_qs(text)
        if self.path == "/pay":
            self.pay(body)
        elif self.path == "/login":
            self.say(200, {"token": os.environ.get("TOKEN", ""), "sent": body})
        elif self.path == urlsplit(CALLBACK).path:
            self.callback(body["Body"]["stkCallback"])
        elif self.path == "/die":
            os._exit(7)
        else:
            self.say(404, {"error": "no such page"})

    def pay(self, body: dict[str, Any]) -> None:
        reference = body["reference"]
        if ONE_ORDER and payments:
            return self.say(409, {"error": "this order is paid already"})
        if REFUSES:
            return self.say(REFUSES, {"error": "field phone is missing"})
        payments[reference] = {"status": "PENDING", "credits": 0, "message": "Check your phone", "credited": None}
        if not WITHOUT_DARAJA:
            try:
                with lock:  # the callback waits until the row is there
                    by_checkout[push(body["phone"], body["amount"], reference)] = reference
            except (urllib.error.URLError, ValueError, KeyError) as error:
                return self.say(502, {"message": f"Payment is not available: {error}"})
        until = time.monotonic() + 30
        while ANSWERS_LAST and payments[reference]["status"] == "PENDING" and time.monotonic() < until:
            time.sleep(0.05)
        failed = ANSWERS_LAST and payments[reference]["status"] == CANCELLED
        return self.say(402 if failed else 202, {"id": reference, "message": "Check your phone"})

    def callback(self, result: dict[str, Any]) -> None:
        if CALLBACK_STATUS >= 300 or (ONLY_FROM and ONLY_FROM not in self.headers):
            return self.say(CALLBACK_STATUS, {})
        with lock:
            payment = payments.get(by_checkout.get(result["CheckoutRequestID"], ""))
            if payment is not None and payment["status"] == "PENDING":
                paid = result["ResultCode"] == 0
                payment |= {"status": PAID if paid else CANCELLED, "credits": int(paid)}
                if paid:
                    items = {item["Name"]: item.get("Value") for item in result["CallbackMetadata"]["Item"]}
                    payment |= {"credited": items["Amount"], "receipt": items["MpesaReceiptNumber"], "raw": ["{}"]}
        return self.say(200, {"ResultCode": 0, "ResultDesc": "Accepted"})

    def do_GET(self) -> None:
        found = payments.get(self.path.rpartition("/")[2])
        if self.path == "/health":
            self.say(200, {})
        elif found is None:
            self.say(404, {"error": "unknown payment"})
        else:
            self.say(200, found)

    def say(self, status: int, body: dict[str, Any]) -> None:
        if ECHO:
            body = {**body, "headers": dict(self.headers.items()), "own": [CALLBACK, PASSKEY]}
        text = "<html><body><p>Karibu</p></body></html>" if PAGES else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if PAGES else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    if ECHO:
        print("settings:", dict(os.environ), flush=True)
    if "STUMBLE" in os.environ:
        raise SystemExit("SHOP_SECRET is not set")
    ThreadingHTTPServer(("127.0.0.1", PORT), Merchant).serve_forever(poll_interval=0.05)
