"""The Daraja port of one process of several: what is another's is passed on, before anything about it is decided.

The owner checks the token, validates, decides and journals, so that the order of refusals is that of a single process;
its reply comes back with its transport fault, and the process that has the caller's connection performs it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from tayari_simulator.clock import Clock
from tayari_simulator.cluster.frames import Passed
from tayari_simulator.cluster.links import PeerGone
from tayari_simulator.cluster.owning import slot_of_body
from tayari_simulator.cluster.sharing import Sharing
from tayari_simulator.cluster.together import Together
from tayari_simulator.core.behaviour import Call, Reply
from tayari_simulator.core.daraja import Daraja, Route
from tayari_simulator.core.edge import PAGES
from tayari_simulator.core.exchange import Exchange, Kind, RawHeaders
from tayari_simulator.http.daraja_app import Answer, DarajaApp
from tayari_simulator.http.incoming import Incoming, Sender, sender_of
from tayari_simulator.http.performing import is_plain
from tayari_simulator.http.pump import Pump
from tayari_simulator.journal.memory import Journal

MOST_HOPS: Final = 2
"""While a table changes, the process that a call is passed to may know better; a call never goes round in circles."""


class NodeApp(DarajaApp):
    """Answers what this process owns, passes on the rest."""

    def __init__(
        self, daraja: Daraja, journal: Journal, clock: Clock, pump: Pump, *, together: Together, sharing: Sharing
    ) -> None:
        super().__init__(daraja, journal, clock, pump)
        self._together = together
        self._sharing = sharing
        self.passed_on = 0
        """Calls that another process answered."""
        self.unreachable = 0
        """Of these, the ones whose owner was gone."""

    def passed_now(self, passed: Passed) -> Reply | Awaitable[Reply]:
        """Answer a call that another process passed on."""
        route = self._daraja.routes.get(passed.path)
        call = route.endpoint.name if route is not None else None
        owner = self._owner(call, passed.body)
        if owner != self._together.index and passed.hops < MOST_HOPS:
            return self._pass(owner, replace(passed, hops=passed.hops + 1))
        if call is not None and self._sharing.must_ask(call):
            return self._answer_asking(route, passed, call)
        reply = self._answer_passed(route, passed)
        return self._spread(reply) if self._sharing.news else reply

    def _routed(self, route: Route, call: Incoming) -> Answer:
        owner = self._owner(route.endpoint.name, call.body)
        if owner != self._together.index:
            return self._elsewhere_owned(route.endpoint.path, call, owner)
        if self._sharing.must_ask(route.endpoint.name):
            return self._routed_asking(route, call)
        answer = super()._routed(route, call)
        return self._spread_first(answer) if self._sharing.news else answer

    async def _routed_asking(self, route: Route, call: Incoming) -> Reply | None:
        """The same, where the first process must say whose turn it is."""
        name = route.endpoint.name
        await self._sharing.ask(name)
        answer = super()._routed(route, call)
        self._sharing.give_back(name)
        return await self._spread_first(answer)

    async def _spread_first(self, answer: Answer) -> Reply | None:
        if self._sharing.news:
            await self._sharing.spread()
        return answer if isinstance(answer, Reply) else await answer

    def _unknown(self, call: Incoming, path: str) -> Answer:
        if self._together.leads:
            return super()._unknown(call, path)
        return self._elsewhere_owned(path, call, self._together.table.lead)

    def _owner(self, call: Call | None, body: bytes) -> int:
        table = self._together.table
        return table.lead if call is None else table.owner(slot_of_body(call, body))

    async def _elsewhere_owned(self, path: str, call: Incoming, owner: int) -> Reply | None:
        """Pass a call on, and give the caller what the owner says."""
        reply = await self._pass(
            owner, Passed(1, call.method, path, call.url, call.remote, call.sender.headers, call.body)
        )
        return reply if is_plain(reply) else await self._perform(call, reply)

    async def _pass(self, owner: int, passed: Passed) -> Reply:
        self.passed_on += 1
        try:
            return await self._together.pass_on(owner, passed)
        except PeerGone as gone:
            self.unreachable += 1
            return self._nobody_there(passed, str(gone))

    def _nobody_there(self, passed: Passed, why: str) -> Reply:
        """What callers get when the edge cannot reach the gateway: the process that owns the phone is gone."""
        reply = PAGES["imperva_503"].reply()
        exchange = self._passed_exchange(passed)
        exchange.note = f"answered for the phone's own process: {why}"
        self._daraja.world.counts.refuse("process_gone")
        self._note(reply, exchange)
        return reply

    def _passed_exchange(self, passed: Passed) -> Exchange:
        journal, (now_s, wall_s) = self._journal, self._clock.both_s()
        route = self._daraja.routes.get(passed.path)
        exchange = Exchange(
            Kind.REQUEST, route.name if route is not None else "", passed.method, passed.url,
            journal.same_headers(passed.headers), passed.body, now_s, wall_s, journal.take_seq(),
        )  # fmt: skip
        exchange.remote = passed.remote
        return exchange

    def _answer_passed(self, route: Route | None, passed: Passed) -> Reply:
        exchange = self._passed_exchange(passed)
        if route is None:
            reply = self._daraja.not_found(exchange, passed.path)
        else:
            sender = _sender(passed.headers)
            reply = self._daraja.answer(route, exchange, sender.authorization, sender.content_type)
        self._note(reply, exchange)
        return reply

    async def _answer_asking(self, route: Route | None, passed: Passed, call: Call) -> Reply:
        await self._sharing.ask(call)
        reply = self._answer_passed(route, passed)
        self._sharing.give_back(call)
        return await self._spread(reply) if self._sharing.news else reply

    async def _spread(self, reply: Reply) -> Reply:
        await self._sharing.spread()
        return reply


@lru_cache(maxsize=1024)
def _sender(headers: RawHeaders) -> Sender:
    """Callers repeat their headers, and so does this work."""
    return sender_of(headers)
