"""The HTTP/1.1 server: connections read with httptools, one call after another, answered in one write each.

aiohttp's server makes a task, a stream and a map of headers for each call; none is needed here, and they cost as much
as everything that Daraja has to do for a payment.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httptools

from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.raw_headers import RawHeaders
from tayari_simulator.transport.connections.http_messages import (
    MOST_BODY,
    MOST_HEAD,
    Incoming,
    KnownHeads,
    SharedHeaders,
    Unreadable,
    plain_reply,
    sender_of,
    unzipped,
    write_reply,
)
from tayari_simulator.transport.connections.new_callers import NewCallers

IDLE_S: Final = 75.0
"""A connection without input for this time is closed, as the gateway does."""
SWEEP_S: Final = 5.0
SLICE: Final = 8 * 1024
"""How many bytes of one connection are read in a turn. They hold about 450 of the shortest calls."""
CLOSE_S: Final = 1.0

Handle = Callable[[Incoming], "Reply | Awaitable[Reply | None]"]
"""Answers a call: at once, or later. None: nothing is to be written, the connection has been dealt with."""

Refuse = Callable[[Incoming, Unreadable], Reply]
log = logging.getLogger(__name__)

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NOBODY: Final = sender_of(())
_REFUSED: Final = 400
"""A refusal has this status or a higher one. `HTTPStatus.BAD_REQUEST` costs half a microsecond in Python 3.11."""


class ServerConnections:
    """All connections of one port, and how their calls are answered. Call it for a new connection."""

    def __init__(
        self,
        handle: Handle,
        same_headers: Callable[[RawHeaders], RawHeaders],
        extra: bytes = b"",
        refuse: Refuse = lambda _, why: plain_reply(why.status, str(why)),
    ) -> None:
        """`same_headers` gives equal headers that are kept already; `extra`: header lines of every reply.

        `refuse` answers a call that cannot be read; of it is known what came before that was found out.
        """
        self.handle = handle
        self.same_headers = same_headers
        self.extra = extra
        self.refuse = refuse
        self.heads: KnownHeads[tuple[str, str, SharedHeaders]] = KnownHeads()
        """Method, URL and headers."""
        self.new_callers = NewCallers()
        self.connections: set[ServerConnection] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    def __call__(self) -> ServerConnection:
        """A new connection."""
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        return ServerConnection(self)

    async def close(self, within_s: float = CLOSE_S) -> None:
        """Give calls that are being answered this time; then close all connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        answering = [caller.answering for caller in self.connections if caller.answering is not None]
        if answering:
            await asyncio.wait(answering, timeout=within_s)
        for caller in list(self.connections):
            caller.force_close()
        await asyncio.sleep(0)
        for caller in self.connections:
            if caller.transport is not None:  # its answers are not read: nothing is to be waited for
                caller.transport.abort()

    def _sweep(self) -> None:
        before = time.monotonic() - IDLE_S
        for caller in [row for row in self.connections if row.answering is None and row.heard_at < before]:
            caller.force_close()
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep) if self.connections else None


class ServerConnection(asyncio.Protocol):
    """One connection. Calls that come while one is being answered wait, and nothing more is read meanwhile."""

    def __init__(self, connections: ServerConnections) -> None:
        self._connections = connections
        self._parser: Any = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.answering: asyncio.Task[None] | None = None
        """The answer that takes time, while there is one."""
        self.heard_at = time.monotonic()
        self._remote = ""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        """Of a head that is not complete yet."""
        self._pieces: list[bytes] = []
        self._body_bytes = 0
        self._sender = _NOBODY
        self._known: list[tuple[bytes, bytes]] = []
        """The headers that `_sender` was made of: a caller repeats himself."""
        self._offer: list[tuple[bytes, bytes]] = []
        """Headers that offer another protocol, of the call whose head is read again."""
        self._waiting: deque[Incoming] = deque()
        self._unread = b""
        """What came and was not read yet: one turn of the event loop reads a slice."""
        self._is_new = True
        """Whether no call of it has had a good answer yet."""
        self._is_full = False
        """Whether the caller does not read its answers."""
        self._closing = False
        self._in_call = False
        """Whether the parser has begun a call and has not reached its end."""
        self._data = b""
        """What the parser reads, if a call begins with its first byte; empty once that call is whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected."""
        self.transport = transport  # type: ignore[assignment]  # uvloop's is one by duty, not by birth
        self._remote = (transport.get_extra_info("peername") or ("",))[0]
        self._connections.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """The caller has left. An answer under way is not written."""
        self.transport = None
        self._waiting.clear()
        self._connections.connections.discard(self)
        self._parser = None  # it holds this connection: as a cycle both would stay until somebody looks for cycles

    def data_received(self, data: bytes) -> None:
        """A piece of a call, or several calls."""
        self.heard_at = time.monotonic()
        is_long = len(data) > SLICE
        if not (self._in_call or self._unread or is_long):
            known = self._connections.heads.find(data)
            if known is not None and not self._closing:
                method, url, sender = known.parsed
                self._take(Incoming(self, self._remote, method, url, sender, data[len(known.head) :], "1.1", True))
                return
        if self._is_new:
            self._unread += data
            self._connections.new_callers.read(self._read_slice)
            if self._unread and self.transport is not None:
                self.transport.pause_reading()
        elif self._unread or is_long:
            self._unread += data
            self._read_slice()
        else:
            self._read(data)

    def _read_slice(self) -> None:
        """Read some of what came, and the rest in the next turns: other connections have theirs in between."""
        if self._closing or self.transport is None:
            self._unread = b""
        elif self._unread and self.answering is None and not self._is_full:
            piece, self._unread = self._unread[:SLICE], self._unread[SLICE:]
            self._read(piece)
            self._go_on()

    def _go_on(self) -> None:
        """Take more from this caller, unless it must wait for an answer or must read its answers first."""
        if self.transport is None or self._closing or self.answering is not None or self._is_full:
            return
        if self._unread:
            self.transport.pause_reading()
            if self._is_new:
                self._connections.new_callers.wait(self._read_slice)
            else:
                asyncio.get_running_loop().call_soon(self._read_slice)
        else:
            self.transport.resume_reading()

    def _read(self, data: bytes) -> None:
        """Let the parser read. It stops at each offer of another protocol; then the rest is read in the next round."""
        self._data = b"" if self._in_call else data
        while data:
            try:
                self._parser.feed_data(data)
                if self._head_bytes:
                    self._head_bytes += len(data)
                    if self._head_bytes > MOST_HEAD:
                        raise _too_long_a_head()
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_offer(data[upgrade.args[0] :])
            except httptools.HttpParserCallbackError as error:
                if not isinstance(error.__context__, Unreadable):
                    raise
                self._refuse(error.__context__)
                return
            except httptools.HttpParserError as error:
                self._refuse(Unreadable(400, f"this is not HTTP/1.1: {error}"))
                return
            except Unreadable as why:
                self._refuse(why)
                return

    def pause_writing(self) -> None:
        """The caller does not read its answers: then no further calls are taken from it."""
        self._is_full = True
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._is_full = False
        self._go_on()

    def close(self) -> None:
        """End the connection after the call that is under way."""
        self._closing = True
        if self.answering is None and self.transport is not None:
            self.transport.close()

    def force_close(self) -> None:
        """End it now."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    def on_message_begin(self) -> None:
        """A call begins."""
        self._in_call = True
        self._headers, self._url, self._head_bytes = [], b"", 1
        self._pieces, self._body_bytes = [], 0

    def on_url(self, url: bytes) -> None:
        """A piece of the path."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there: what is common to this caller's calls is looked up once."""
        self._head_bytes = 0
        if self._parser.should_upgrade():
            return
        if self._offer:
            self._headers, self._offer = [*self._headers, *self._offer], []
        if len(self._url) > MOST_HEAD:
            raise _too_long_a_head()
        if self._headers != self._known:
            if sum(len(name) + len(value) for name, value in self._headers) > MOST_HEAD:
                raise _too_long_a_head()
            self._known = self._headers
            self._sender = sender_of(self._connections.same_headers(tuple(self._headers)))
        expects = self._sender.expects
        if expects and self.transport is not None and self.answering is None and not self._closing:
            if expects != b"100-continue":
                raise Unreadable(417, f"Expect: {expects.decode('latin-1')} cannot be met")
            self.transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._pieces.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > MOST_BODY:
            raise Unreadable(413, f"the body is longer than {MOST_BODY} bytes")

    def on_message_complete(self) -> None:
        """The call is whole."""
        if self._closing or self._parser.should_upgrade():
            return
        self._in_call = False
        parser, sender, body = self._parser, self._sender, b"".join(self._pieces)
        if sender.encoding:
            body = unzipped(body, sender.encoding)
        call = Incoming(
            self, self._remote, _method(parser.get_method()), _text(self._url), sender, body,
            parser.get_http_version(), parser.should_keep_alive(),
        )  # fmt: skip
        self._url = b""
        data, self._data = self._data, b""
        method, url, is_plain = call.method, call.url, call.version == "1.1" and not (sender.encoding or sender.expects)
        self._take(call)
        if data and is_plain and call.keep_alive and not self._is_new:  # a flood would push out the heads of others
            self._connections.heads.keep(data, body, (method, url, sender))

    def _take(self, call: Incoming) -> None:
        """Answer a call, or let it wait for its turn."""
        if self.answering is None:
            self._answer(call)
        else:
            self._waiting.append(call)
            if self.transport is not None:
                self.transport.pause_reading()

    def _without_offer(self, rest: bytes) -> bytes:
        """The call offers another protocol (as Java's client does with h2c), and the parser stops before its body.

        No other is spoken here, which is said by going on with this one: the head is read again without the offer.
        Returns that head and the rest; nothing when the call was refused.
        """
        method = self._parser.get_method()
        if self._closing or method == b"CONNECT":
            self._refuse(Unreadable(400, "this is not a proxy"))
            return b""
        kept = [row for row in self._headers if row[0].lower() != b"upgrade"]
        self._offer = [row for row in self._headers if row[0].lower() == b"upgrade"]
        head = b"%b %b HTTP/1.1\r\n" % (method, self._url) + b"".join(b"%b: %b\r\n" % row for row in kept)
        self._parser = httptools.HttpRequestParser(self)
        return head + b"\r\n" + rest

    def _answer(self, call: Incoming) -> None:
        try:
            answer = self._connections.handle(call)
        except Exception:
            log.exception("a defect of the simulator, in answering %s %s", call.method, call.url)
            answer = plain_reply(500, "the simulator has a defect; its log says more")
        if type(answer) is Reply:
            self._reply(call, answer)
        else:
            self.answering = asyncio.ensure_future(self._later(call, answer))  # type: ignore[arg-type]

    async def _later(self, call: Incoming, answer: Awaitable[Reply | None]) -> None:
        try:
            reply = await answer
        except Exception:
            log.exception("a defect of the simulator, in answering %s %s", call.method, call.url)
            reply = plain_reply(500, "the simulator has a defect; its log says more")
        finally:
            self.answering = None
        if reply is None:
            self._closing = True
        else:
            self._reply(call, reply)
        while self._waiting and self.answering is None and not self._closing:
            self._answer(self._waiting.popleft())
        self._go_on()

    def _reply(self, call: Incoming, reply: Reply) -> None:
        """Write it; the connection ends if either side, or an outage, wishes so."""
        if self._closing:
            call.keep_alive = False
        if reply.status < _REFUSED:
            self._is_new = False
        if not write_reply(call, reply, self._connections.extra):
            self._closing = True
            if self.transport is not None:
                self.transport.close()

    def _refuse(self, why: Unreadable) -> None:
        """What cannot be read is answered, and the connection ends: nobody knows where the next call begins."""
        self._head_bytes = 0
        is_known = len(self._url) <= MOST_HEAD
        method = _method(self._parser.get_method()) if is_known and self._url else ""
        url = _text(self._url) if is_known else ""
        call = Incoming(self, self._remote, method, url, self._sender, b"", "1.1", False)
        if self.answering is not None:
            self._closing = True
        elif not self._closing:
            self._reply(call, self._connections.refuse(call, why))


_METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}


def _method(name: bytes) -> str:
    return _METHODS.get(name) or name.decode("latin-1")


def _text(url: bytes) -> str:
    return url.decode("utf-8", "backslashreplace")


def _too_long_a_head() -> Unreadable:
    return Unreadable(431, f"the head is longer than {MOST_HEAD} bytes")
