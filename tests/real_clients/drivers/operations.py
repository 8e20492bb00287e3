"""What the drivers of whole clients share: a receiver for every later message, and one row for each operation."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DARAJA_URL = os.environ["DARAJA_URL"]
CONSUMER_KEY = os.environ["CONSUMER_KEY"]
CONSUMER_SECRET = os.environ["CONSUMER_SECRET"]
PASSKEY = os.environ["PASSKEY"]
CREDENTIAL = os.environ["SECURITY_CREDENTIAL"]
INITIATOR = "testapi"
SHORT_CODE = "600992"
OTHER_SHORT_CODE = "600000"
PHONE = os.environ["PHONE"]
PATIENCE_S = 10.0

received: dict[str, queue.Queue[Any]] = {}
rows: dict[str, dict[str, Any]] = {}


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.setdefault(self.path, queue.Queue()).put(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ResultCode": 0, "ResultDesc": "Accepted"}')

    def log_message(self, *_: object) -> None:
        """The driver prints one JSON object and nothing else."""


_server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
threading.Thread(target=_server.serve_forever, daemon=True).start()
BASE = f"http://127.0.0.1:{_server.server_port}"


def url(name: str) -> str:
    """An address of the receiver; the later message of the operation goes there."""
    received.setdefault(f"/{name}", queue.Queue())
    return f"{BASE}/{name}"


def message(name: str) -> Any:
    """The later message of an operation; None: none came."""
    try:
        return received[f"/{name}"].get(timeout=PATIENCE_S)
    except queue.Empty:
        return None


def run(name: str, call: Callable[[], Any], *, later: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
    """One operation: its answer or what was raised, its later message, and what the client's own parser makes of it."""
    row: dict[str, Any] = {}
    rows[name] = row
    try:
        row["answer"] = plain(call())
    except Exception as error:
        row["raised"] = f"{type(error).__name__}: {error}"[:600]
        return None
    if later:
        row["message"] = message(name)
        if parse is not None:
            try:
                row["parsed"] = plain(parse(row["message"]))
            except Exception as error:
                row["parse_raised"] = f"{type(error).__name__}: {error}"[:600]
    return row["answer"]


def receipt_of_push() -> str:
    """The receipt of the payment that was made with an STK push."""
    items = rows["stk_push"]["message"]["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    return str(next(item["Value"] for item in items if item["Name"] == "MpesaReceiptNumber"))


def plain(value: Any) -> Any:
    """A client's own object as data."""
    for name in ("model_dump", "dict", "to_dict"):
        if hasattr(value, name):
            return json.loads(json.dumps(getattr(value, name)(), default=str))
    return value


def finish() -> None:
    """Print what came of all operations."""
    print(json.dumps(rows, default=str))
