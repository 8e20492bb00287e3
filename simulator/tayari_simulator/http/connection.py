"""One keep-alive connection to a merchant: writes a request, parses the answer, says that it is free again."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import httptools

from tayari_simulator.core.exchange import RawHeaders
from tayari_simulator.http.sending import MOST_ANSWER, Sending


class Pool(Protocol):
    """Who owns the connection."""

    def free(self, connection: Connection) -> None:
        """The answer is through and the connection can be used again."""

    def gone(self, connection: Connection) -> None:
        """The connection is closed."""


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1, one request at a time. Redirects are answers like any other."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._framed = False
        self._complete = False
        self._lasting = False
        """Whether the merchant keeps the connection; the parser knows only while it reports the end of a message."""
        self.job: Sending | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's is one by duty, not by birth

    def send(self, job: Sending) -> None:
        """Write a request; only on a free connection."""
        assert self._transport is not None
        self.job = job
        self._headers, self._body, self._framed, self._complete = [], b"", False, False
        self._transport.write(job.begin())

    def data_received(self, data: bytes) -> None:
        """A piece of the answer, or something that nobody asked for."""
        if self.job is None:
            self.abort("")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.abort(f"the answer is not HTTP: {error}")
            return
        if self._complete:
            self._answered(reuse=self._framed and self._lasting)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by either side."""
        self._transport = None
        del self._parser  # it holds this connection: as a cycle both would stay until somebody looks for cycles
        job, self.job = self.job, None
        self._pool.gone(self)
        if job is None:
            return
        if job.exchange.status:
            self._take_answer(job)
            job.finish(error="the answer's body ended early" if self._framed else "")
        else:
            why = f": {exc}" if exc is not None else ""
            job.finish(error=f"the merchant closed the connection without an answer{why}")

    def abort(self, why: str) -> None:
        """Close at once; a request under way ends with this error."""
        job, self.job = self.job, None
        if self._transport is not None:
            self._transport.abort()
        if job is not None:
            job.exchange.status = 0
            job.finish(error=why)

    def expired(self, now: float) -> bool:
        """Whether the request under way has had its time."""
        return self.job is not None and self.job.began + self.job.timeout_s <= now

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line of the answer."""
        self._headers.append((name, value))
        if name.lower() in {b"content-length", b"transfer-encoding"}:
            self._framed = True

    def on_headers_complete(self) -> None:
        """The status is known; an answer to HEAD and one without content end here."""
        if self.job is not None:
            status = self._parser.get_status_code()
            self.job.exchange.status = status
            if self.job.exchange.method == "HEAD":
                self._complete, self._framed = True, False
            elif status in {204, 304}:
                self._framed = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if len(self._body) < MOST_ANSWER:
            self._body += body[: MOST_ANSWER - len(self._body)]

    def on_message_complete(self) -> None:
        """The whole answer is there; an interim one (1xx) is not the answer."""
        if self._parser.get_status_code() >= 200:
            self._complete = True
            self._lasting = self._parser.should_keep_alive()
        else:
            self._headers = []

    def _answered(self, *, reuse: bool) -> None:
        job, self.job = self.job, None
        assert job is not None
        self._take_answer(job)
        if reuse:
            self.idle_since = time.monotonic()
            self._pool.free(self)
        elif self._transport is not None:
            self._transport.close()
        job.finish()

    def _take_answer(self, job: Sending) -> None:
        headers: RawHeaders = tuple(self._headers)
        job.exchange.response_headers = headers
        job.exchange.response_body = self._body
