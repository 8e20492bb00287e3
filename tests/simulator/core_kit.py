"""A Daraja without network and without waiting: calls go in at a time that the test chooses."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson
from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.state.behaviour import Behaviour, Call, Delivery, Play, Reply
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

PAYLOADS = Path(__file__).parent / "payloads"
NOW_S = 1_791_372_903.2
"""2026-10-07 14:35:03.2 in East Africa: the moment of the example payloads."""
MSISDN = "254708374149"
STAMP = "20261007143501"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
OAUTH = "/oauth/v1/generate"
PUSH = "/mpesa/stkpush/v1/processrequest"
QUERY = "/mpesa/stkpushquery/v1/query"
GRANT = "?grant_type=client_credentials"

Json = dict[str, Any]


def payload(name: str) -> Any:
    """An example payload; numbers with decimals stay as they are written."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=str)


def wire(body: bytes) -> Any:
    """A body of ours, read in the same way."""
    return json.loads(body, parse_float=str)


def basic(key: str = "key", secret: str = "secret") -> str:
    """An Authorization header for OAuth."""
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


class Playing:
    """Chooses one behaviour for every call of its kind."""

    def __init__(self, behaviour: Behaviour, call: str = Call.STK_PUSH) -> None:
        self.play = Play(behaviour)
        self._call = call
        self.accepted_msisdns: list[str] = []

    chooses = True

    def for_transaction(
        self,
        call: str,
        *,
        msisdn: str,
        amount: int,
        reference: str,
        prompted: str = "",
    ) -> Play | None:
        return self.play if self._call == call else None

    def is_queued(self, call: str, msisdn: str) -> bool:
        return False

    def accepted(self, call: str, msisdn: str) -> None:
        self.accepted_msisdns.append(msisdn)

    def for_endpoint(self, call: str) -> Play | None:
        return self.play if self._call == call else None


@dataclass
class Desk:
    """One Daraja, a clock that stands at `now_s`, and a token."""

    options: Mapping[str, str] = field(default_factory=dict)
    profile: Profile = Profile.DOCUMENTED
    till: str | None = None
    key: str | None = None
    secret: str | None = None
    choose: Playing | None = None
    now_s: float = NOW_S
    notes: list[JournalExchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        business = Business(
            short_code="174379",
            passkey=PASSKEY,
            till=self.till,
            consumer_key=self.key,
            consumer_secret=self.secret,
        )
        options = Options(self.profile, self.options)
        self.daraja = Dispatcher(business, options, uniform=Random(7).random, choose=self.choose)
        chosen, self.daraja.state.choose = self.daraja.state.choose, None
        self.authorization = (
            "Bearer " + wire(self.oauth(authorization=basic(self.key or "k", self.secret or "s")).body)["access_token"]
        )
        self.daraja.state.choose = chosen

    def call(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        authorization: str | None = "",
        content_type: str | None = "application/json",
        query: str = "",
    ) -> Reply:
        """One call; an empty authorization stands for the good one, None for none."""
        exchange = JournalExchange(ExchangeKind.REQUEST, path, method, path + query, (), body, self.now_s, self.now_s)
        self.notes.append(exchange)
        given = self.authorization if authorization == "" else authorization
        return self.daraja.answer(self.daraja.routes[path], exchange, given, content_type)

    def oauth(self, authorization: str | None = None, query: str = GRANT) -> Reply:
        return self.call(OAUTH, method="GET", authorization=authorization or basic(), query=query)

    def push(self, **changes: Any) -> Reply:
        """A push like the example; a change to None leaves the field out."""
        return self.call(PUSH, orjson.dumps(request("stk_push.request", changes)))

    def pushed(self, **changes: Any) -> str:
        """The id of a push that is accepted."""
        reply = self.push(**changes)
        assert reply.status == 200, reply.body
        identifier: str = wire(reply.body)["CheckoutRequestID"]
        return identifier

    def query(self, checkout_request_id: str, **changes: Any) -> Reply:
        changes = {"CheckoutRequestID": checkout_request_id} | changes
        return self.call(QUERY, orjson.dumps(request("stk_query.request", changes)))

    def after(self, seconds: float) -> list[Delivery]:
        """Let this time pass; returns the callbacks that were sent meanwhile."""
        end_s = self.now_s + seconds
        sent: list[Delivery] = []
        while self.daraja.state.schedule.next_s <= end_s:
            self.now_s = max(self.now_s, self.daraja.state.schedule.next_s)
            sent += self.daraja.due(self.now_s)
        self.now_s = end_s
        return sent

    def results(self, seconds: float = 100.0) -> list[Json]:
        """The `stkCallback` objects of the callbacks that come within this time."""
        return [wire(delivery.body)["Body"]["stkCallback"] for delivery in self.after(seconds)]

    @property
    def note(self) -> str:
        """What the last call's journal entry says."""
        return self.notes[-1].note


def request(name: str, changes: Mapping[str, Any]) -> Json:
    """An example request with changes; None leaves a field out."""
    whole = payload(name) | changes
    return {key: value for key, value in whole.items() if value is not None}


def error_of(reply: Reply) -> tuple[int, str, str | None]:
    """Status, code and message of a refusal."""
    envelope = wire(reply.body)
    return reply.status, envelope["errorCode"], envelope.get("errorMessage")
