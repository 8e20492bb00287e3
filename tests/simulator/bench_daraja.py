"""A Daraja on a manual clock, steered by a selector: whole payments in microseconds."""

from __future__ import annotations

import random
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import orjson
from tayari_simulator.apis.core.dispatcher import CompiledEndpoint, Dispatcher
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.catalogue.options import Options
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.scenario_reader import read_scenario
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Call, Delivery, Reply
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

MSISDN = "254712345678"
STARTED_S = 1_790_000_000.0
_STAMP = "20261007143517"
_BUSINESS = Business(short_code="174379", passkey="passkey")
_PASSWORD = b64encode(f"174379passkey{_STAMP}".encode()).decode()


def scenario_of(text: str, *, file: str = "test.yaml") -> Scenario:
    """The scenario of a YAML text that must be good."""
    scenario, problems = read_scenario(text, file=file)
    assert scenario is not None, [str(problem) for problem in problems]
    return scenario


@dataclass
class Bench:
    """Calls go in at `now_s`; callbacks come out as the clock is advanced."""

    selector: Selector = field(default_factory=Selector)
    now_s: float = STARTED_S
    seed: int = 1

    def __post_init__(self) -> None:
        options = Options(overrides={"query_too_early_s": "0", "in_flight": "4999"})
        self.daraja = Dispatcher(_BUSINESS, options, uniform=random.Random(self.seed).random, choose=self.selector)
        self.seen: list[JournalExchange] = []

    def oauth(self) -> Reply:
        """Ask for a token."""
        authorization = f"Basic {b64encode(b'key:secret').decode()}"
        return self._call(Call.OAUTH, b"", authorization, "?grant_type=client_credentials")

    def push(self, *, msisdn: str = MSISDN, amount: int = 100, reference: str = "INV1") -> Reply:
        """Start a payment."""
        body = {
            "BusinessShortCode": "174379",
            "Password": _PASSWORD,
            "Timestamp": _STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": amount,
            "PartyA": msisdn,
            "PartyB": "174379",
            "PhoneNumber": msisdn,
            "CallBackURL": "https://shop.example/pay/1",
            "AccountReference": reference,
            "TransactionDesc": "Shoes",
        }
        return self._call(Call.STK_PUSH, orjson.dumps(body), self._bearer())

    def query(self, checkout_request_id: str) -> Reply:
        """Ask how a payment stands."""
        body = {
            "BusinessShortCode": "174379",
            "Password": _PASSWORD,
            "Timestamp": _STAMP,
            "CheckoutRequestID": checkout_request_id,
        }
        return self._call(Call.STK_QUERY, orjson.dumps(body), self._bearer())

    def advance(self, by_s: float) -> list[Delivery]:
        """Move the clock; the callbacks that were sent on the way, in order."""
        end_s = self.now_s + by_s
        sent: list[Delivery] = []
        while (next_s := self.daraja.state.schedule.next_s) <= end_s:
            self.now_s = max(self.now_s, next_s)
            sent.extend(self.daraja.due(self.now_s))
        self.now_s = end_s
        return sent

    @property
    def last_id(self) -> str:
        """The CheckoutRequestID that the last call was about; empty when it was about none."""
        return self.seen[-1].transaction_id

    def _bearer(self) -> str:
        token = self.daraja.state.tokens.issue("t" * 28, app="key", expires_s=self.now_s + 10, cancel_old=False)
        return f"Bearer {token.text}"

    def _call(self, call: str, body: bytes, authorization: str, query: str = "") -> Reply:
        route: CompiledEndpoint = next(row for row in self.daraja.routes.values() if row.endpoint.name == call)
        exchange = JournalExchange(
            kind=ExchangeKind.REQUEST,
            endpoint=call,
            method=route.endpoint.method,
            url=route.endpoint.path + query,
            request_headers=(),
            request_body=body,
            at_s=self.now_s,
            wall_at_s=self.now_s,
        )
        self.seen.append(exchange)
        return self.daraja.answer(route, exchange, authorization, "application/json")


def codes_of(deliveries: list[Delivery]) -> list[Any]:
    """The ResultCode of each callback, in order."""
    return [orjson.loads(delivery.body)["Body"]["stkCallback"]["ResultCode"] for delivery in deliveries]
