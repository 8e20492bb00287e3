"""A shop of a few lines whose answers a test writes down; and a target file that fits it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tayari_target.target_file import Target, load_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the shop saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Says:
    """One answer; a body that is not text is sent as JSON."""

    body: object = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Says | Callable[[Asked], Says]


@dataclass(slots=True)
class Shop:
    """A running shop: change `routes` at any time, read `asked`."""

    url: str
    routes: dict[str, Route]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def open_shop(routes: Mapping[str, Route]) -> Iterator[Shop]:
    """Serve `METHOD /path` -> answer on a free loopback port."""
    shop = Shop("", dict(routes))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            asked = Asked(method=self.command, path=self.path, headers=dict(self.headers.items()), body=body)
            shop.asked.append(asked)
            route = shop.routes.get(f"{self.command} {urlsplit(self.path).path}", Says("no such page", 404))
            says = route(asked) if callable(route) else route
            text = says.body if isinstance(says.body, str) else json.dumps(says.body)
            headers = {"Content-Type": "text/plain" if text is says.body else "application/json", **says.headers}
            self.send_response(says.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server asks for

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_target(
    folder: Path,
    base_url: str,
    *,
    pay: str = '{request: "POST /pay", json: {phone: "{msisdn}", amount: "{amount}"}, payment_id: $.id}',
    more: str = "",
    rest: str = "",
) -> Target:
    """A small target file; `more` are lines below `merchant`, `rest` top-level ones."""
    lines = ["merchant:", "  name: tiny", f"  base_url: {base_url}", f"  pay: {pay}"]
    lines += [f"  {line}" for line in more.splitlines()]
    path = folder / "tayari.yaml"
    path.write_text("\n".join(lines) + "\n" + rest + "\n")
    return load_target(path, {})
