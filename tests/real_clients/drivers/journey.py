"""What every Python driver shares: settings, a callback receiver, and the order of a journey. Standard library only."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DARAJA_URL = os.environ["DARAJA_URL"]
CONSUMER_KEY = os.environ["CONSUMER_KEY"]
CONSUMER_SECRET = os.environ["CONSUMER_SECRET"]
SHORT_CODE = os.environ["SHORT_CODE"]
PASSKEY = os.environ["PASSKEY"]
AMOUNT = 350
REFERENCE = "ORDER42"

Step = Callable[..., Any]
received: queue.Queue[str] = queue.Queue()


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        received.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ResultCode": 0, "ResultDesc": "Accepted"}')

    def log_message(self, *_: object) -> None:
        """The driver prints one JSON object and nothing else."""


def callback_url() -> str:
    """Start the receiver; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/stk/callback"


def attempt(step: Step, *args: object) -> dict[str, Any]:
    """A step's answer, or what the client raised: both are findings."""
    try:
        return {"answer": step(*args)}
    except Exception as error:
        return {"raised": f"{type(error).__name__}: {error}"}


def travel(*, token: Step, push: Step, query: Step | None, parse: Step | None) -> None:
    """Token, push, callback, query for each number given on the command line; prints what came of it as JSON.

    `push(msisdn, url)` answers `{"checkout_request_id": ..., ...}`; `query(id)`; `parse(text)`: the client's own.
    """
    url = callback_url()
    told: dict[str, Any] = {"token": attempt(token), "payments": []}
    for msisdn in sys.argv[1:]:
        payment: dict[str, Any] = {"push": attempt(push, msisdn, url)}
        told["payments"].append(payment)
        checkout_request_id = (payment["push"].get("answer") or {}).get("checkout_request_id")
        if not checkout_request_id:
            continue
        payment["raw"] = json.loads(received.get(timeout=15))
        if parse is not None:
            payment["callback"] = attempt(parse, json.dumps(payment["raw"]))
        if query is not None:
            payment["query"] = attempt(query, checkout_request_id)
    print(json.dumps(told, default=str))
