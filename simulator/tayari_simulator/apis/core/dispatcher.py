"""Finds the endpoint of a call, checks the call, decides, and plans what follows. It has no clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from tayari_formats.problems import suggestion

from tayari_simulator.apis.core.daraja_state import DarajaState, DeliveryAnswer
from tayari_simulator.apis.core.execution import apply_faults, play_next_result
from tayari_simulator.apis.core.gateway import family_of, rate_gaps, rate_refusal, token_error
from tayari_simulator.apis.core.organisations import Business, Organisation
from tayari_simulator.apis.oauth import consumer_key
from tayari_simulator.apis.registry import ENDPOINTS, Endpoint, Handle, Refuse
from tayari_simulator.catalogue.errors import (
    ERRORS,
    INVALID_AUTHENTICATION_HEADER,
    INVALID_FIELD,
    INVALID_PAYLOAD,
    METHOD_NOT_ALLOWED,
    REQUEST_ID,
    Refused,
)
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Choose, Delivery, Reply, Uniform
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.tokens import Token, is_bearer
from tayari_simulator.state.transactions import Transaction

Reader = Callable[[Any], list[Any]]

NOT_SENT: Final = "no content type"
_OF_THE_GATEWAY: Final = (METHOD_NOT_ALLOWED, INVALID_AUTHENTICATION_HEADER)
"""Refused before any API sees the call: always in Daraja's envelope."""
_SWITCHED: Final = {path: option for row in ENDPOINTS for path, option in row.switched}
_LONGEST_TOKEN: Final = 200
"""Characters of a refused token that its refusal repeats."""
_LONGEST_PATH: Final = 200
"""Characters of an unknown path that are compared with the known paths."""


class CompiledEndpoint:
    """A row of the endpoint table, made ready: its fields compiled under the switches."""

    __slots__ = (
        "blamed", "chooses", "endpoint", "handle", "methods", "name", "needs_key", "paths", "plain", "read",
        "token_error",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        self.endpoint = endpoint
        self.name = endpoint.name
        self.handle = _kept(endpoint) if endpoint.lasting else endpoint.handle
        self.chooses = endpoint.chooses
        self.methods = (endpoint.method, endpoint.also)
        switched = (path for path, option in endpoint.switched if options.says(option, "on"))
        self.paths = (endpoint.path, *endpoint.aliases, *switched)
        self.token_error = token_error(endpoint.path, options)
        self.plain = not (endpoint.also or endpoint.many or endpoint.method == "GET")
        """Whether a call is a POST of one JSON object; if not, `read_special` reads it."""
        self.read: Reader | None = None
        self.blamed = ""
        self.needs_key = False
        """Whether a call has a SecurityCredential, which is decrypted with the simulator's key."""
        if endpoint.fields is not None:
            fields = endpoint.fields(options)
            read = fields.compiled()
            self.read = (lambda rows: [read(row) for row in rows]) if endpoint.many else read
            self.blamed = fields.first()
            self.needs_key = any(row.name == "SecurityCredential" for row in fields.rows)


class Dispatcher:
    """One fake Daraja. Every method takes or implies a time; nothing here waits."""

    def __init__(
        self,
        business: Business,
        options: Options,
        *,
        uniform: Uniform,
        choose: Choose | None = None,
        organisations: Iterable[Organisation] = (),
    ) -> None:
        self.state = DarajaState(business, options, uniform=uniform, choose=choose, organisations=organisations)
        self.state.lifecycles = {row.name: row.lifecycle(options) for row in ENDPOINTS if row.lifecycle is not None}
        self.routes: Mapping[str, CompiledEndpoint] = _routes(options)
        self._gaps_s = rate_gaps(options)
        self._rate_refusal = rate_refusal(options)
        self._last_call: dict[tuple[str, str], float] = {}

    def answer(
        self, route: CompiledEndpoint, exchange: JournalExchange, authorization: str | None, content_type: str | None
    ) -> Reply:
        """Answer one call of a known path. The exchange's `at_s` is the time; ids and notes are written into it."""
        try:
            if exchange.method not in route.methods:
                raise self._wrong_method(exchange.method)
            if route.read is None:
                if self._gaps_s and self._too_fast(route.endpoint.name, consumer_key(authorization), exchange.at_s):
                    return self._slow_down(exchange)
                return route.handle(self.state, exchange, [authorization, exchange.url.partition("?")[2]])
            token = self._token(route, authorization, exchange.at_s)
            if self._gaps_s and self._too_fast(route.endpoint.name, token.app, exchange.at_s):
                return self._slow_down(exchange)
            wire = _body_of(route, exchange, content_type)
            if route.chooses or self.state.choose is None:
                return route.handle(self.state, exchange, route.read(wire))
            return self._under_scenario(self.state.choose, route, exchange, wire)
        except Refused as refused:
            return self._refuse(refused, exchange, route.endpoint.refuse)

    def _under_scenario(
        self, choose: Choose, route: CompiledEndpoint, exchange: JournalExchange, wire: Mapping[str, Any]
    ) -> Reply:
        """Answer a call that makes no transaction: its faults may answer instead of it, or change its answer."""
        read = route.read
        assert read is not None
        call = route.endpoint.plays or route.name
        play = choose.for_endpoint(call)
        if play is None:
            return route.handle(self.state, exchange, read(wire))
        exchange.scenario = play.behaviour.name
        return apply_faults(
            play, call, self.state, exchange.at_s, lambda: route.handle(self.state, exchange, read(wire))
        )

    def not_found(self, exchange: JournalExchange, path: str) -> Reply:
        """Answer a path that no row has."""
        option = _SWITCHED.get(path)
        note = f"the option {option}=on plays this path" if option is not None else _nearest_path(path[:_LONGEST_PATH])
        return self._refuse(Refused(ERRORS[family_of(path).not_found], note=note), exchange)

    def unreadable(self, exchange: JournalExchange, status: int, why: str) -> Reply:
        """Answer a call of a known path whose body could not be read."""
        reply = self._refuse(Refused(INVALID_PAYLOAD, note=why), exchange)
        reply.status = status
        return reply

    def due(self, now_s: float) -> tuple[Delivery, ...]:
        """Let the next plan happen if its time has come: a result, or a delivery that was waiting.

        Returns the callbacks to send at once. Call until `state.schedule.next_s` is later than `now_s`.
        """
        state = self.state
        schedule = state.schedule
        popped = schedule.pop_due(now_s)
        if popped is None:
            return ()
        due_s, _, plan = popped
        if type(plan) is Delivery:
            return (plan,) if state.waiting_callbacks.leaves(plan, now_s) else ()
        if type(plan) is not Transaction:
            assert callable(plan)
            plan(due_s)
            return ()
        deliveries = play_next_result(state, plan, due_s)
        plan.pending += len(deliveries)
        if not plan.pending:
            state.end_if_finished(plan)
        if state.keeper is not None:
            state.keeper.resulted(plan, deliveries)
        if len(deliveries) == 1 and deliveries[0].due_s <= now_s:
            return deliveries if state.waiting_callbacks.leaves(deliveries[0], now_s) else ()
        for delivery in deliveries:
            if delivery.overtaken_gap_s is not None:
                state.waiting_callbacks.let_overtake(delivery)
            else:
                schedule.add(delivery.due_s, delivery)
        return ()

    def call_again(self, path: str, exchange: JournalExchange) -> None:
        """Make a call of an earlier process again, for what it changed; without token, scenario and limits."""
        route = self.routes.get(path)
        if route is None or route.read is None:
            return
        try:
            route.endpoint.handle(self.state, exchange, route.read(_body_of(route, exchange, "application/json")))
        except Refused:
            return

    def answered(self, transaction: Transaction, answer: DeliveryAnswer) -> None:
        """The merchant answered a message that must be answered before there is a result."""
        if self.state.transactions.find(transaction.id) is not transaction:
            return  # it was forgotten meanwhile
        self.state.lifecycles[transaction.kind].answered(self.state, transaction, answer)
        if self.state.keeper is not None:
            self.state.keeper.resulted(transaction, ())

    def later(self, delivery: Delivery) -> None:
        """Plan a delivery again (a retry)."""
        self.state.schedule.add(delivery.due_s, delivery)

    def forget(self) -> None:
        """Back to the start."""
        self.state.forget()
        self._last_call.clear()

    def _token(self, route: CompiledEndpoint, authorization: str | None, now_s: float) -> Token:
        token = None if authorization is None else self.state.tokens.find(authorization, now_s)
        if token is None:
            if not is_bearer(authorization):
                raise Refused(INVALID_AUTHENTICATION_HEADER, note="no Authorization header of the form Bearer TOKEN")
            sent = (authorization or "").partition(" ")[2].strip()[:_LONGEST_TOKEN]
            raise Refused(route.token_error, note="the token is unknown, expired or revoked", token=sent)
        return token

    def _too_fast(self, call: str, app: str, now_s: float) -> bool:
        """Evenly spaced calls of one app to one endpoint, without a burst. Source: reference 1.11."""
        gap_s = self._gaps_s.get(call, 0.0)
        if not gap_s:
            return False
        if now_s - self._last_call.get((call, app), float("-inf")) < gap_s:
            return True
        self._last_call[call, app] = now_s
        return False

    def _slow_down(self, exchange: JournalExchange) -> Reply:
        """The refusal of a call that came too soon after the one before."""
        reply = self._rate_refusal()
        exchange.note = f"more {exchange.endpoint} calls of this app than its limit allows"
        self._note_whose(exchange)
        self.state.counts.refuse("rate_limit")
        reply.body = reply.body.replace(REQUEST_ID.encode(), self.state.ids.request_id().encode())
        return reply

    def _note_whose(self, exchange: JournalExchange) -> None:
        """A refused call belongs to a phone as well: tests look for it by MSISDN."""
        try:
            wire = orjson.loads(exchange.request_body)
        except orjson.JSONDecodeError:
            return
        if isinstance(wire, dict):
            exchange.transaction_id = exchange.transaction_id or str(wire.get("CheckoutRequestID") or "")[:80]
            asked = self.state.transactions.find(exchange.transaction_id)
            exchange.msisdn = str(wire.get("PhoneNumber") or (asked.msisdn if asked else ""))[:20]

    def _wrong_method(self, method: str) -> Refused:
        if self.state.options.says("wrong_method", "404.001.04"):
            return Refused(INVALID_AUTHENTICATION_HEADER)
        return Refused(METHOD_NOT_ALLOWED, method=method)

    def _refuse(self, refused: Refused, exchange: JournalExchange, form: Refuse | None = None) -> Reply:
        self.state.counts.refuse(refused.spec.code)
        exchange.note = exchange.note or refused.note
        if not exchange.msisdn:
            self._note_whose(exchange)
        reply = None if form is None or refused.spec in _OF_THE_GATEWAY else form(exchange, refused)
        return reply or refused.spec.reply(refused.request_id or self.state.ids.request_id(), **refused.fill)


def _kept(endpoint: Endpoint) -> Handle:
    """Its handler, which also stores each accepted call, so that a restarted simulator can repeat it."""

    def answer(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
        reply = endpoint.handle(state, exchange, values)
        if state.keeper is not None and reply.status == 200:
            state.keeper.called(endpoint.path, exchange)
        return reply

    return answer


def _routes(options: Options) -> dict[str, CompiledEndpoint]:
    """The routes by path, under every path that a row has."""
    routes = {}
    for row in ENDPOINTS:
        route = CompiledEndpoint(row, options)
        routes.update(dict.fromkeys(route.paths, route))
    return routes


def _body_of(route: CompiledEndpoint, exchange: JournalExchange, content_type: str | None) -> Any:
    """What a call says: one JSON object, a list of objects, or the query of its URL.

    Raises:
        Refused: see `_json_of`; also a list that is empty, too long, or not of objects.
    """
    if route.plain:
        return _json_of(dict, exchange.request_body, content_type, route.blamed)
    if exchange.method == "GET":
        return dict(parse_qsl(exchange.url.partition("?")[2], keep_blank_values=True))
    if not route.endpoint.many:
        return _json_of(dict, exchange.request_body, content_type, route.blamed)
    rows = _json_of(list, exchange.request_body, content_type, route.blamed)
    if not 1 <= len(rows) <= route.endpoint.many:
        raise Refused(INVALID_PAYLOAD, note=f"the list has {len(rows)} rows; expected 1 to {route.endpoint.many}")
    for number, row in enumerate(rows, 1):
        if type(row) is not dict:
            raise Refused(INVALID_PAYLOAD, note=f"row {number} of the list is not a JSON object")
    return rows


def _json_of(kind: type, body: bytes, content_type: str | None, blamed: str) -> Any:
    """Read a JSON body that must be an object (`dict`) or a list.

    Raises:
        Refused: 400.002.02 about the first field when the content type is missing or plain text, as then the body is
            not read at all; 400.002.05 when it is a form, or not of this kind. Source: reference 1.1, 2.2.
    """
    if content_type != "application/json":
        media = (content_type or "").partition(";")[0].strip().lower()
        if media != "application/json" and not media.endswith("+json"):
            found = f"Content-Type is {content_type}" if content_type else NOT_SENT
            if blamed and media in ("", "text/plain", "application/octet-stream"):
                raise Refused(INVALID_FIELD, field=blamed, note=f"{found}: the body is not read")
            raise Refused(INVALID_PAYLOAD, note=found)
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(INVALID_PAYLOAD, note=f"the body is not JSON: {error}") from None
    if type(wire) is not kind:
        raise Refused(INVALID_PAYLOAD, note=f"the body is not a JSON {'object' if kind is dict else 'list'}")
    return wire


@lru_cache(maxsize=256)
def _nearest_path(path: str) -> str:
    """What to say of a path that no API has: the one that the caller may mean."""
    return f"no API has this path{suggestion(path, [row.path for row in ENDPOINTS])}"
