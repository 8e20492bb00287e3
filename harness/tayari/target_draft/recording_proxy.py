"""A proxy before the merchant: a browser uses the shop through it, and each exchange is kept.

Callbacks of the simulator come to it as well. It passes them on to the path of the CallBackURL that the merchant gave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self
from urllib.parse import urlsplit

import requests
from tayari_control.http_session import MerchantSession, check_host
from tayari_formats.json_text import read_object

CALLBACK_PATH: Final = "/tayari-callback"
KEPT_BODY: Final = 200_000
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_BODY_LIMIT: Final = 2_000_000
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "upgrade", "trailer", "te"}
)

CallbackUrl = Callable[[str], str]
"""CheckoutRequestID -> the CallBackURL of its push; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyExchange:
    """One exchange between a browser, or Daraja, and the merchant."""

    at_s: float
    """When it began, in seconds since the epoch."""
    method: str
    path: str
    """With its query."""
    content_type: str
    body: str
    status: int
    answer: str
    location: str = ""
    """Where a redirect leads."""
    is_callback: bool = False


class RecordingProxy:
    """Serves until closed. `on_seen` is called with each exchange, in the thread that carried it."""

    def __init__(self, merchant_url: str, callback_url: CallbackUrl, on_seen: Callable[[ProxyExchange], None]) -> None:
        check_host(merchant_url, frozenset())
        verbs = {f"do_{method}": _Carrier.carry for method in _METHODS}
        facts = {
            "merchant_url": merchant_url,
            "callback_url": staticmethod(callback_url),
            "on_seen": staticmethod(on_seen),
        }
        handler = type("_OfThisProxy", (_Carrier,), {**verbs, **facts})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Carrier(BaseHTTPRequestHandler):
    """One connection. `RecordingProxy` gives its class a `do_METHOD` for each of `_METHODS`."""

    merchant_url: str
    callback_url: CallbackUrl
    on_seen: Callable[[ProxyExchange], None]
    protocol_version = "HTTP/1.1"

    def carry(self) -> None:
        """Pass the request on, and the answer back."""
        began = time.time()
        body = self._body()
        if body is None:
            return
        is_callback = self.path == CALLBACK_PATH
        path = self._callback_path(body) if is_callback else self.path
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {*_HOP_BY_HOP, "host"}}
        headers["Accept-Encoding"] = "identity"
        try:
            with MerchantSession() as session:
                answer = session.request(
                    self.command,
                    self.merchant_url + path,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    timeout=60,
                )
        except requests.RequestException as error:
            self._reply(502, [("Content-Type", "text/plain")], f"{self.merchant_url} did not answer: {error}".encode())
            return
        location = answer.headers.get("Location", "")
        own = urlsplit(self.merchant_url).netloc
        rows = [(name, value) for name, value in answer.raw.headers.items() if name.lower() not in _HOP_BY_HOP]
        rows = [
            (name, value.replace(own, self._own_host()) if name.lower() == "location" else value)
            for name, value in rows
        ]
        self._reply(answer.status_code, rows, answer.content)
        self.on_seen(
            ProxyExchange(
                at_s=began,
                method=self.command,
                path=path,
                content_type=self.headers.get("Content-Type", ""),
                body=body[:KEPT_BODY].decode("utf-8", errors="replace"),
                status=answer.status_code,
                answer=answer.content[:KEPT_BODY].decode("utf-8", errors="replace"),
                location=location,
                is_callback=is_callback,
            )
        )

    def log_message(self, format: str, *args: object) -> None:
        """No access log: `payment_watch` prints the progress."""

    def _own_host(self) -> str:
        return str(self.headers.get("Host") or "127.0.0.1")

    def _body(self) -> bytes | None:
        """The body; None where it was refused."""
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _BODY_LIMIT or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._reply(413, [("Content-Type", "text/plain")], b"expected a Content-Length of at most 2000000")
            return None
        return self.rfile.read(int(length))

    def _callback_path(self, body: bytes) -> str:
        """The path of the CallBackURL that belongs to this callback."""
        content = read_object(body.decode("utf-8", errors="replace")).get("Body")
        callback = content.get("stkCallback") if isinstance(content, dict) else None
        checkout = callback.get("CheckoutRequestID") if isinstance(callback, dict) else None
        parts = urlsplit(self.callback_url(str(checkout or "")))
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _reply(self, status: int, rows: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in rows:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
