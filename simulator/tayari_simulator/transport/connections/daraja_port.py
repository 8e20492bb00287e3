"""The Daraja port: one way for all rows of the endpoint table, from the call as it came in to its reply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Final
from urllib.parse import unquote

from tayari_simulator.apis.core.dispatcher import CompiledEndpoint, Dispatcher
from tayari_simulator.clock import Clock
from tayari_simulator.journal.memory import Journal
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.raw_headers import RawHeaders
from tayari_simulator.transport.connections.http_messages import Incoming, Unreadable, plain_reply
from tayari_simulator.transport.connections.listener import Listener
from tayari_simulator.transport.connections.server_protocol import ServerConnections
from tayari_simulator.transport.connections.transport_faults import note_fault, perform
from tayari_simulator.transport.scheduler import Scheduler

Answer = Reply | Awaitable[Reply | None]

_COOKIES: Final = (
    b"Set-Cookie: visid_incap_2742146=dGF5YXJpLXNpbXVsYXRvcg==; Path=/; HttpOnly\r\n"
    b"Set-Cookie: incap_ses_1022_2742146=dGF5YXJpLXNpbXVsYXRvcg==; Path=/\r\n"
)
"""Names as observed (reference 1.2); the values mean nothing."""

_REQUEST: Final = ExchangeKind.REQUEST
_NORMAL: Final = Transport.NORMAL
LONGEST_PATH: Final = 1024
"""A longer path is none of the table. To decode 9,000 percent signs takes 2.7 ms, as `unquote` is quadratic."""
_SLASHES: Final = re.compile("/{2,}")
_HOST: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class DarajaApp:
    """Turns calls into calls of the core, and its replies into bytes."""

    def __init__(self, daraja: Dispatcher, journal: Journal, clock: Clock, scheduler: Scheduler) -> None:
        self._daraja = daraja
        self._journal = journal
        self._clock = clock
        self._scheduler = scheduler
        self._schedule = daraja.state.schedule
        self._extra = _COOKIES if daraja.state.options.says("edge_cookies", "on") else b""
        self._content_types: dict[str, RawHeaders] = {}
        self.listener: Listener | None = None
        """Set before the first call: outages close it."""

    def build(self) -> ServerConnections:
        """The port's connections, whose calls come to `handle`."""
        return ServerConnections(self.handle, self._journal.same_headers, self._extra, self.refuse)

    def handle(self, call: Incoming) -> Answer:
        """Answer a call: by the row of its path, which is corrected first if need be (`//mpesa/...`)."""
        route = self._daraja.routes.get(call.url)
        if route is not None:
            if len(route.paths) == 1:
                call.url = route.endpoint.path  # equal, and there already
            return self._routed(route, call)
        path = _mended(call.url)
        route = self._daraja.routes.get(path) or self._daraja.routes.get(path.rstrip("/"))
        return self._routed(route, call) if route is not None else self._unknown(call, path)

    def refuse(self, call: Incoming, why: Unreadable) -> Reply:
        """Answer a call that cannot be read: of a known path, a body or its length in Daraja's envelope (assumed)."""
        route = self._daraja.routes.get(call.url) or self._daraja.routes.get(_mended(call.url))
        if route is None or why.status not in (400, 413):
            return plain_reply(why.status, str(why))
        exchange = self._exchange(call, route.name)
        reply = self._daraja.unreadable(exchange, why.status, str(why))
        self._note(reply, exchange)
        return reply

    def _routed(self, route: CompiledEndpoint, call: Incoming) -> Answer:
        if route.needs_key and not self._daraja.state.credentials.has_key:
            return self._with_key(route, call)
        exchange = self._exchange(call, route.name)
        reply = self._daraja.answer(route, exchange, call.sender.authorization, call.sender.content_type)
        return reply if self._note(reply, exchange) else self._perform(call, reply)

    async def _with_key(self, route: CompiledEndpoint, call: Incoming) -> Reply | None:
        """Answer the first call that needs the key. A thread finds it, and other calls have their turn meanwhile."""
        await asyncio.to_thread(self._daraja.state.credentials.key)
        answer = self._routed(route, call)
        return answer if isinstance(answer, Reply) else await answer

    def _unknown(self, call: Incoming, path: str) -> Answer:
        exchange = self._exchange(call, "")
        reply = self._daraja.not_found(exchange, path)
        return reply if self._note(reply, exchange) else self._perform(call, reply)

    def _exchange(self, call: Incoming, name: str) -> JournalExchange:
        now_s, wall_s = self._clock.both_s()
        exchange = JournalExchange(
            _REQUEST, name, call.method, call.url, call.sender.headers, call.body, now_s, wall_s,
            self._journal.take_seq(),
        )  # fmt: skip
        exchange.remote = call.remote
        return exchange

    def _note(self, reply: Reply, exchange: JournalExchange) -> bool:
        """Journal the exchange and arm the timer. Returns whether the reply is written as it is."""
        exchange.status = reply.status
        exchange.response_body = reply.body
        exchange.response_headers = self._response_headers(reply)
        exchange.duration_s = self._clock.wall_s() - exchange.wall_at_s
        plain = reply.transport is _NORMAL and not (reply.delay_s or reply.close_port_for_s)
        if not plain:
            note_fault(reply, exchange)
        self._journal.add(exchange)
        if self._schedule.next_s < self._scheduler.armed_s:
            self._scheduler.arm()
        return plain

    def _perform(self, call: Incoming, reply: Reply) -> Awaitable[Reply | None]:
        assert self.listener is not None
        return perform(call, reply, self._clock, self.listener)

    def _response_headers(self, reply: Reply) -> RawHeaders:
        if not reply.body and not reply.headers:
            return ()
        known = self._content_types.get(reply.content_type)
        if known is None:
            known = self._content_types[reply.content_type] = ((b"Content-Type", reply.content_type.encode()),)
        if not reply.headers:
            return known
        return (*known, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers))


def _mended(url: str) -> str:
    """The path alone, decoded: without host, query and doubled slashes. One that is too long stays as it is."""
    path = _HOST.sub("", url, count=1) if not url.startswith("/") else url
    path = path.partition("?")[0].partition("#")[0]
    return path if len(path) > LONGEST_PATH else _SLASHES.sub("/", unquote(path))
