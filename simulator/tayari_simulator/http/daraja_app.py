"""The Daraja port's application: one handler for all rows of the endpoint table, no middleware, no access log."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from tayari_simulator.clock import Clock
from tayari_simulator.core.behaviour import Reply
from tayari_simulator.core.daraja import Daraja, Route
from tayari_simulator.core.exchange import Exchange, Kind, RawHeaders
from tayari_simulator.http.listener import Listener
from tayari_simulator.http.performing import is_plain, note_fault, perform
from tayari_simulator.http.pump import Pump
from tayari_simulator.http.raw_reply import RawReply
from tayari_simulator.journal.memory import Journal

MOST_BYTES: Final = 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_COOKIES: Final = (
    b"Set-Cookie: visid_incap_2742146=dGF5YXJpLXNpbXVsYXRvcg==; Path=/; HttpOnly\r\n"
    b"Set-Cookie: incap_ses_1022_2742146=dGF5YXJpLXNpbXVsYXRvcg==; Path=/\r\n"
)
"""Names as observed (reference 1.2); the values mean nothing."""

_SLASHES: Final = re.compile("/{2,}")


class DarajaApp:
    """Turns requests into calls of the core, and its replies into bytes."""

    def __init__(self, daraja: Daraja, journal: Journal, clock: Clock, pump: Pump) -> None:
        self._daraja = daraja
        self._journal = journal
        self._clock = clock
        self._pump = pump
        self._extra = _COOKIES if daraja.world.options.says("edge_cookies", "on") else b""
        self._content_types: dict[str, RawHeaders] = {}
        self.listener: Listener | None = None
        """Set before the first call: outages close it."""

    def build(self) -> web.Application:
        """The application: a route for each row; every other path is mended (`//mpesa/...`) or not found."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes([web.route("*", path, self._handler(route)) for path, route in self._daraja.routes.items()])
        app.add_routes([web.route("*", "/{path:.*}", self._elsewhere)])
        return app

    def _handler(self, route: Route) -> Handler:
        name, path = str(route.endpoint.name), route.endpoint.path
        answer = self._daraja.answer

        async def handle(request: web.Request) -> web.StreamResponse:
            content = request.content
            body = content.read_nowait() if content.is_eof() else await request.read()
            url = request.raw_path
            exchange = self._exchange(request, name, path if url == path else url, body)
            headers = request.headers
            reply = answer(route, exchange, headers.get(hdrs.AUTHORIZATION), headers.get(hdrs.CONTENT_TYPE))
            return await self._finish(request, reply, exchange)

        return handle

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        path = _SLASHES.sub("/", request.raw_path.partition("?")[0])
        route = self._daraja.routes.get(path) or self._daraja.routes.get(path.rstrip("/"))
        if route is not None:
            return await self._handler(route)(request)
        return await self._unknown(request, path)

    async def _unknown(self, request: web.Request, path: str) -> web.StreamResponse:
        exchange = self._exchange(request, "", request.raw_path, await request.read())
        return await self._finish(request, self._daraja.not_found(exchange, path), exchange)

    def _exchange(self, request: web.Request, name: str, url: str, body: bytes) -> Exchange:
        journal = self._journal
        now_s, wall_s = self._clock.both_s()
        exchange = Exchange(
            Kind.REQUEST, name, request.method, url, journal.same_headers(request.raw_headers), body,
            now_s, wall_s, journal.take_seq(),
        )  # fmt: skip
        exchange.remote = request.remote or ""
        return exchange

    async def _finish(self, request: web.Request, reply: Reply, exchange: Exchange) -> web.StreamResponse:
        """Journal the exchange, arm the timer, answer. There is no await before the journal has it."""
        if self._note(reply, exchange):
            return RawReply(reply, self._extra)
        assert self.listener is not None
        return await perform(request, reply, self._clock, self.listener)

    def _note(self, reply: Reply, exchange: Exchange) -> bool:
        """Journal the exchange and arm the timer. Returns whether the reply is written as it is."""
        exchange.status = reply.status
        exchange.response_body = reply.body
        exchange.response_headers = self._response_headers(reply)
        exchange.duration_s = self._clock.wall_s() - exchange.wall_at_s
        plain = is_plain(reply)
        if not plain:
            note_fault(reply, exchange)
        self._journal.add(exchange)
        if self._daraja.next_due_s() < self._pump.armed_s:
            self._pump.arm()
        return plain

    def _response_headers(self, reply: Reply) -> RawHeaders:
        if not reply.body and not reply.headers:
            return ()
        known = self._content_types.get(reply.content_type)
        if known is None:
            known = self._content_types[reply.content_type] = ((b"Content-Type", reply.content_type.encode()),)
        if not reply.headers:
            return known
        return (*known, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers))
