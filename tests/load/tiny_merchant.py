"""The smallest shop a load can be put on, and the smallest simulator beside it: payments settle by themselves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

SETTLES_AFTER_S = 0.3
STALLS_S = 2.0


@dataclass
class Tiny:
    """One shop's books. `fault`: none, `refuse`, `never` (no payment settles), `twice` (credits double), `blank`,
    `stall` (the server stands still for two seconds once ten were paid), `narrow` (one order at a time, ten a second).

    `answers`: what the simulator at the same address says in place of the truth, by path.
    """

    fault: str = ""
    url: str = ""
    paid: dict[str, tuple[float, int]] = field(default_factory=dict)
    msisdns: list[str] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    grows: dict[str, float] = field(default_factory=dict)
    """Counters of the simulator that grow by a step from one look to the next."""
    near_every: int = 0
    """So many of its looks, one is near its limit; 0: none."""
    looks: int = 0
    stalled_until: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, order: dict[str, str]) -> tuple[int, dict[str, object]]:
        if self.fault == "refuse":
            return 503, {"message": "We cannot take payments now"}
        if self.fault == "stall":
            self.stall()
        with self.lock:
            if self.fault == "narrow":
                time.sleep(0.1)
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

    def stall(self) -> None:
        """Whoever comes within the two seconds after the tenth payment waits for their end."""
        with self.lock:
            if self.stalled_until is None and len(self.paid) >= 10:
                self.stalled_until = time.monotonic() + STALLS_S
        time.sleep(max(0.0, (self.stalled_until or 0.0) - time.monotonic()))

    def control(self, path: str) -> dict[str, Any]:
        """The simulator's answers, as `docs/control-api.md` has them."""
        number = len(self.paid)
        honest: dict[str, dict[str, Any]] = {
            "settings": {"daraja_url": self.url},
            "journal": {"entries": [], "next": 1, "dropped": 0},
            "payments": {"payments": [self.payment(number) for number in range(number)]},
            "balance": {
                "accepted": number, "called_back": number, "dropped_by_scenario": 0, "not_allowed": 0, "pending": 0,
                "forgotten": 0, "difference": 0, "owed": 0, "planned": 0, "balanced": True,
            },
            "limits": self.limits() if path == "limits" else {},
        }  # fmt: skip
        return {**honest[path], **self.answers.get(path, {})}

    def limits(self) -> dict[str, Any]:
        self.looks += bool(self.near_every)
        near = bool(self.near_every) and self.looks % self.near_every == 0
        return {
            "near_limit": near, "reasons": [], "near_s": self.looks // (self.near_every or 1), "busy_s": self.looks,
            "last_second": {"cpu_share": 0.95 if near else 0.1}, "thresholds": {"cpu_share": 0.8},
        }  # fmt: skip

    def payment(self, number: int) -> dict[str, Any]:
        settles_at, amount = self.paid[f"p{number}"]
        due_at = settles_at - time.monotonic() + time.time() - SETTLES_AFTER_S
        paid = self.fault != "never"
        return {
            "kind": "stk_push", "checkout_request_id": f"ws_CO_{number}", "msisdn": self.msisdns[number],
            "amount": amount,
            "state": "paid" if paid else "prompted", "created_at": due_at, "result_due_at": due_at,
            "receipt": f"R{number}" if paid else None, "account_reference": "", "callbacks": [],
        }  # fmt: skip

    def metrics(self) -> str:
        rows: dict[str, float] = {
            "tayari_pushes_accepted_total": len(self.paid), "tayari_callbacks_answered_total": 0,
            "tayari_callbacks_failed_total": 0, "tayari_callbacks_refused_total": 0, "tayari_cpu_seconds_total": 0,
            "tayari_resident_bytes": 1, "tayari_loop_lag_p99_seconds": 0,
        }  # fmt: skip
        for name, by in self.grows.items():
            rows[name] += self.looks * by
            self.looks += 1
        return "".join(f"{name} {value}\n" for name, value in rows.items())


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
            if self.path == "/metrics":
                self.send(200, tiny.metrics().encode(), "text/plain")
            elif self.path.startswith("/v1/"):
                self.answer(200, tiny.control(self.path.partition("?")[0].removeprefix("/v1/")))
            else:
                self.answer(*tiny.status(self.path.rpartition("/")[2]))

        def answer(self, status: int, body: dict[str, object]) -> None:
            self.send(status, json.dumps(body).encode(), "application/json")

        def send(self, status: int, payload: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
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
