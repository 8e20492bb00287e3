"""A Daraja as a merchant's developer writes it by hand with Flask: an acknowledgement, and a callback by a timer.

No token, no validation, no state. Started by `peers.py`; prints one JSON line when ready.
"""

from __future__ import annotations

import json
import logging
import sys
from itertools import count
from threading import Lock, Timer
from typing import Any

import requests
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

AFTER_S = 0.2
app = Flask(__name__)
numbers = count(1)
counters = {"accepted": 0, "answered": 0, "failed": 0}
lock = Lock()


@app.post("/mpesa/stkpush/v1/processrequest")
def push() -> Response:
    """Acknowledge, and call back later."""
    wire = request.get_json()
    identifier = f"ws_CO_flask_{next(numbers):014d}"
    Timer(AFTER_S, call_back, (wire, identifier)).start()
    note("accepted")
    return jsonify({
        "MerchantRequestID": "1",
        "CheckoutRequestID": identifier,
        "ResponseCode": "0",
        "ResponseDescription": "Success",
        "CustomerMessage": "Success",
    })  # fmt: skip


def call_back(wire: dict[str, Any], identifier: str) -> None:
    """The payment has succeeded."""
    items = {
        "Amount": wire["Amount"], "MpesaReceiptNumber": "UJ7K4T9QWX", "TransactionDate": 20261007143521,
        "PhoneNumber": wire["PhoneNumber"],
    }  # fmt: skip
    callback = {
        "MerchantRequestID": "1",
        "CheckoutRequestID": identifier,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": [{"Name": name, "Value": value} for name, value in items.items()]},
    }
    try:
        requests.post(wire["CallBackURL"], json={"Body": {"stkCallback": callback}}, timeout=30)
        note("answered")
    except requests.RequestException:
        note("failed")


def note(what: str) -> None:
    """Count it, for the benchmark's accounts."""
    with lock:
        counters[what] += 1


@app.get("/stats")
def stats() -> Response:
    """The counters."""
    return jsonify(counters)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    sys.stdout.flush()
    server.serve_forever()
