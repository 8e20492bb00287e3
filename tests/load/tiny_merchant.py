"""The smallest shop a load can be put on: payments settle by themselves, without any Daraja."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

SETTLES_AFTER_S = 0.3


@dataclass
class Tiny:
    """One shop's books. `fault`: none, `refuse`, `never` (no payment settles), `twice` (credits double), `blank`."""

    fault: str = ""
    url: str = ""
    paid: dict[str, tuple[float, int]] = field(default_factory=dict)
    msisdns: list[str] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)

    def start(self, order: dict[str, str]) -> tuple[int, dict[str, object]]:
        if self.fault == "refuse":
            return 503, {"message": "We cannot take payments now"}
        payment_id = f"p{next(self.numbers)}"
        self.paid[payment_id] = (time.monotonic() + SETTLES_AFTER_S, int(order["amount"]))
        self.msisdns.append(order["phone"])
        return 201, {"id": payment_id}

    def status(self, payment_id: str) -> tuple[int, dict[str, object]]:
        settles_at, amount = self.paid[payment_id]
        settled = time.monotonic() >= settles_at and self.fault != "never"
        credited = amount * (2 if self.fault == "twice" else 1)
        state = "" if self.fault == "blank" else "PAID" if settled else "PENDING"
        return 200, {"status": state, "credited": credited if settled else 0}


@contextmanager
def tiny_merchant(fault: str = "") -> Iterator[Tiny]:
    """A shop on a port of the system's choice, gone afterwards."""
    tiny = Tiny(fault=fault)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*tiny.start(json.loads(body)))

        def do_GET(self) -> None:
            if self.path == "/v1/settings":
                self.answer(200, {"daraja_url": tiny.url})
            elif self.path.startswith("/v1/"):
                self.answer(404, {"error": {"code": "none", "message": "no simulator here"}})
            else:
                self.answer(*tiny.status(self.path.rpartition("/")[2]))

        def answer(self, status: int, body: dict[str, object]) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """The tests read results, not logs."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    tiny.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield tiny
    finally:
        server.shutdown()
        server.server_close()
