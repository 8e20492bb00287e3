"""A Daraja whose short code takes C2B payments: registered URLs, simulated payments, a merchant's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from core_kit import Desk, request, wire
from tayari_simulator.apis.core.daraja_state import DeliveryAnswer
from tayari_simulator.state.behaviour import Delivery, Reply
from tayari_simulator.state.transactions import Transaction

REGISTER = "/mpesa/c2b/v2/registerurl"
REGISTER_V1 = "/mpesa/c2b/v1/registerurl"
SIMULATE = "/mpesa/c2b/v2/simulate"
SIMULATE_V1 = "/mpesa/c2b/v1/simulate"
SHORT_CODE = "600984"
PAYER = "254711000111"
CONFIRMATION = "https://shop.example.co.ke/c2b/confirmation"
VALIDATION = "https://shop.example.co.ke/c2b/validation"

Json = dict[str, Any]


def register(desk: Desk, path: str = REGISTER, **changes: Any) -> Reply:
    """Register the example's URLs; a change to None leaves a field out."""
    return desk.call(path, orjson.dumps(request("c2b_register.request", changes)))


def simulate(desk: Desk, path: str = SIMULATE, **changes: Any) -> Reply:
    """Simulate a payment of 500 shillings."""
    changes = {"Amount": 500, "Msisdn": PAYER} | changes
    return desk.call(path, orjson.dumps(request("c2b_simulate.request.paybill", changes)))


def paid(desk: Desk, **changes: Any) -> Transaction:
    """The transaction of a simulated payment that is accepted."""
    reply = simulate(desk, **changes)
    assert reply.status == 200, reply.body
    found = desk.daraja.state.transactions.find_request(wire(reply.body)["OriginatorCoversationID"])
    assert found is not None
    return found


def validating(options: Mapping[str, str] | None = None, *, response_type: str = "Completed") -> Desk:
    """A Daraja that asks the merchant before each payment."""
    desk = Desk({"c2b_validation": "all", **(options or {})})
    assert register(desk, ResponseType=response_type).status == 200
    return desk


def answer(desk: Desk, validation: Delivery, body: object = None, *, status: int = 200) -> list[Json]:
    """The merchant answers a validation; the messages that come of it."""
    transaction = desk.daraja.state.transactions.find(validation.transaction_id)
    assert transaction is not None
    transaction.pending -= 1
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    desk.daraja.answered(transaction, DeliveryAnswer(status, raw, desk.now_s))
    return [wire(delivery.body) for delivery in desk.after(10.0)]
