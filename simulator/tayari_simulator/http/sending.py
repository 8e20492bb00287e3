"""One callback on its way: what is written, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tayari_simulator.core.exchange import Exchange
from tayari_simulator.http.targets import Target

MOST_ANSWER: Final = 65_536
"""So much of a merchant's answer is kept."""


@dataclass(slots=True)
class Sending:
    """A request to the merchant. The sender fills in the second half and then calls `done` exactly once."""

    target: Target
    head: bytes
    """Header lines after the request line, without Content-Length and without the blank line."""
    exchange: Exchange
    timeout_s: float
    done: Callable[[Sending], None]
    stamp: Callable[[Exchange], None]
    """Notes the time of writing in the exchange."""
    began: float = 0.0
    """`time.monotonic()` when it was written."""

    def begin(self) -> bytes:
        """Note the time, and give the bytes to write."""
        exchange = self.exchange
        body = exchange.request_body
        self.stamp(exchange)
        self.began = time.monotonic()
        line = f"{exchange.method} {self.target.path} HTTP/1.1\r\n".encode("latin-1")
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (line, self.head, len(body), body)

    def finish(self, *, error: str = "") -> None:
        """It is over: answered, or not."""
        exchange = self.exchange
        exchange.duration_s = time.monotonic() - self.began if self.began else 0.0
        exchange.error = error
        self.done(self)
