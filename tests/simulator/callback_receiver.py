"""A merchant in a thread, for simulators that are processes of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Shop:
    """Where it takes callbacks, and what it got."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)


@contextmanager
def shop() -> Iterator[Shop]:
    """Open for as long as the block lasts."""
    opened = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            opened.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test looks at the bodies."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened.url = f"http://127.0.0.1:{server.server_port}/pay/callback"
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
