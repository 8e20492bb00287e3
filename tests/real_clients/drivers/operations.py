"""What the drivers of whole clients share: a receiver for every later message, and one row for each operation."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any

import way_in

DARAJA_URL = os.environ["DARAJA_URL"]
CONSUMER_KEY = os.environ["CONSUMER_KEY"]
CONSUMER_SECRET = os.environ["CONSUMER_SECRET"]
PASSKEY = os.environ["PASSKEY"]
CREDENTIAL = os.environ["SECURITY_CREDENTIAL"]
INITIATOR = "testapi"
INITIATOR_PASSWORD = "Safaricom999!*!"
CERTIFICATE = os.environ["CERTIFICATE"]
PUSH_CODE = "174379"
SHORT_CODE = "600992"
OTHER_SHORT_CODE = "600000"
PHONE = os.environ["PHONE"]
PATIENCE_S = 10.0

REQUESTS = Template((Path(__file__).parent / "requests.json").read_text())
received: dict[str, queue.Queue[Any]] = {}
rows: dict[str, dict[str, Any]] = {}
calls: dict[str, tuple[Callable[[], Any], Callable[[Any], Any] | None]] = {}
"""Each operation and its parser, to be repeated on demand."""


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


_server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["RECEIVER_PORT"])), _Receiver)
threading.Thread(target=_server.serve_forever, daemon=True).start()
BASE = os.environ["RECEIVER_URL"]
"""The simulator delivers what is sent there to the receiver: several clients take HTTPS addresses only."""


def url(name: str) -> str:
    """An address of the receiver; the later message of the operation goes there."""
    received.setdefault(f"/{name}", queue.Queue())
    return f"{BASE}/{name}"


def message(name: str) -> Any:
    """The later message of an operation; None: none came."""
    try:
        return received.setdefault(f"/{name}", queue.Queue()).get(timeout=PATIENCE_S)
    except queue.Empty:
        return None


def request(name: str, *keys: str, **changes: Any) -> dict[str, Any]:
    """The documented fields of an operation, or those of `keys`, with some of them changed."""
    now = datetime.now(timezone(timedelta(hours=3))).strftime("%Y%m%d%H%M%S")
    pushed = (rows.get("stk_push") or {}).get("message")
    text = REQUESTS.substitute(
        BASE=BASE,
        PHONE=PHONE,
        CREDENTIAL=CREDENTIAL,
        TIMESTAMP=now,
        PASSWORD=base64.b64encode(f"{PUSH_CODE}{PASSKEY}{now}".encode()).decode(),
        CHECKOUT=checkout_of_push() if pushed else "",
        RECEIPT=receipt_of_push() if pushed else "",
    )
    fields: dict[str, Any] = json.loads(text)[name]
    return {key: value for key, value in fields.items() if not keys or key in keys} | changes


def run(name: str, call: Callable[[], Any], *, later: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
    """One operation: its answer or what was raised, its later message, and what the client's own parser makes of it."""
    calls[name] = (call, parse)
    row = rows[name] = attempt(call)
    if "raised" in row:
        return None
    if later:
        row["message"] = message(name)
        if parse is not None:
            read = attempt(lambda: parse(row["message"]))
            row |= {"parse_raised": read["raised"]} if "raised" in read else {"parsed": read["answer"]}
    return row["answer"]


_loop = asyncio.new_event_loop()


def awaited(value: Any) -> Any:
    """The value of what an asynchronous client answers; all calls run in one event loop."""
    return _loop.run_until_complete(value) if inspect.isawaitable(value) else value


def checkout_of_push() -> str:
    """The id of the payment that was made with an STK push."""
    return str(rows["stk_push"]["message"]["Body"]["stkCallback"]["CheckoutRequestID"])


def receipt_of_push() -> str:
    """The receipt of the payment that was made with an STK push; empty: it failed."""
    items = rows["stk_push"]["message"]["Body"]["stkCallback"].get("CallbackMetadata", {}).get("Item", [])
    return next((str(item["Value"]) for item in items if item["Name"] == "MpesaReceiptNumber"), "")


def attempt(call: Callable[[], Any]) -> dict[str, Any]:
    """What a call answers, or raises: a client may even end the process."""
    try:
        return {"answer": plain(awaited(call()))}
    except (Exception, SystemExit) as error:
        return {"raised": f"{type(error).__name__}: {error}"[:600]}


class Refused(Exception):
    """The client hands Daraja's refusal to its caller as an ordinary answer."""


def plain(value: Any) -> Any:
    """A client's own object as data; of an HTTP answer its body, and a refusal raises."""
    if hasattr(value, "status_code") and hasattr(value, "text"):
        if value.status_code >= 400:
            raise Refused(value.text)
        return value.json()
    if isinstance(value, dict) and "errorCode" in value:
        raise Refused(json.dumps(value))
    for name in ("model_dump", "dict", "to_dict"):
        if hasattr(value, name):
            return json.loads(json.dumps(getattr(value, name)(), default=str))
    return value


def finish() -> None:
    """Print what came of all operations, and how many calls went to a host that is written into the client."""
    print(json.dumps({"rows": rows, "replaced": len(way_in.replaced)}, default=str), flush=True)
    for line in sys.stdin if "ON_DEMAND" in os.environ else ():
        print(json.dumps({"told": attempt(_demand(json.loads(line)))}, default=str), flush=True)


def _demand(asked: dict[str, Any]) -> Callable[[], Any]:
    """What is asked: to read a callback, to query the payment of one, or else to push."""
    push, parse = calls["stk_push"]
    if "query" in asked:
        rows["stk_push"]["message"] = asked["query"]
        return calls["stk_query"][0]
    return (lambda: parse(asked["parse"])) if "parse" in asked else push
