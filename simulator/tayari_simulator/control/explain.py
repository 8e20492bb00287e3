"""`GET /v1/explain/PAYMENT`: what happened to a payment, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tayari_simulator.control.considered import chosen_way, considered, why_chosen
from tayari_simulator.control.refused import refusals
from tayari_simulator.core.exchange import Exchange, Kind
from tayari_simulator.core.payments import Payment, Status
from tayari_simulator.http.shapes import payment_dict
from tayari_simulator.http.simulator import Simulator
from tayari_simulator.journal.memory import Question
from tayari_simulator.journal.shape import text
from tayari_simulator.scenario.selector import Selector
from tayari_simulator.scenario.values import MSISDN_FORM

Json = dict[str, Any]

MOST_PAYMENTS: int = 100
"""Of one phone, the latest so many are explained."""


def explain(simulator: Simulator, selector: Selector, which: str) -> Json | None:
    """The payment of this CheckoutRequestID or receipt, or all of this MSISDN; None: there is nothing to explain."""
    payments = _meant(simulator, which)
    msisdn = payments[0].msisdn if payments else which
    refused = refusals(simulator, msisdn) if MSISDN_FORM.fullmatch(msisdn) else []
    if not payments and not refused:
        return None
    return {
        "msisdn": msisdn,
        "payments": [_explained(simulator, selector, payment) for payment in payments[-MOST_PAYMENTS:]],
        "refusals": refused,
    }


def _meant(simulator: Simulator, which: str) -> list[Payment]:
    store = simulator.daraja.world.payments
    if MSISDN_FORM.fullmatch(which):
        return list(store.of(which))
    found = store.find(which)
    return [found] if found is not None else [row for row in store.all() if row.receipt == which]


def _explained(simulator: Simulator, selector: Selector, payment: Payment) -> Json:
    way = chosen_way(payment)
    return {
        "payment": payment_dict(payment),
        "chosen": {
            "scenario": payment.play.behaviour.name if payment.play is not None else None,
            "way": str(way) if way is not None else None,
            "why": why_chosen(way),
        },
        "considered": considered(selector, payment),
        "events": sorted(_events(simulator, payment), key=lambda event: float(event["virtual_at"])),
    }


def _events(simulator: Simulator, payment: Payment) -> Iterator[Json]:
    """What happened to it, with the state before and after. Callbacks and queries tell of it; only results move it."""
    yield _event(payment, "accepted", payment.created_s, None, Status.PROMPTED, seq=payment.seq)
    for move in payment.moves:
        told = {"result_code": move.result_code, "result_desc": move.result_desc}
        yield _event(payment, "result", move.at_s, move.before, move.after, **told)
    for entry in simulator.entries.find(Question(checkout_request_id=payment.checkout_request_id)):
        if entry.seq != payment.seq:
            state = _state_at(payment, entry.at_s)
            yield _event(payment, _name_of(entry), entry.at_s, state, state, **_told(entry))


def _event(payment: Payment, name: str, at_s: float, before: Status | None, after: Status, **told: Any) -> Json:
    return {
        "event": name,
        "virtual_at": round(at_s, 6),
        "after_s": round(at_s - payment.created_s, 3),
        "before": str(before) if before is not None else None,
        "after": str(after),
        **told,
    }


def _state_at(payment: Payment, at_s: float) -> Status:
    passed = [move.after for move in payment.moves if move.at_s <= at_s]
    return passed[-1] if passed else Status.PROMPTED


def _name_of(entry: Exchange) -> str:
    names = {Kind.REQUEST: str(entry.endpoint), Kind.CALLBACK: "callback", Kind.CONTROL: "told_callback"}
    return names[entry.kind]


def _told(entry: Exchange) -> Json:
    return {
        "seq": entry.seq,
        "status": entry.status or None,
        "callback": "" if entry.kind is Kind.REQUEST else text(entry.request_body)[:2000],
        "answer": text(entry.response_body)[:2000],
        "note": entry.note,
        "error": entry.error,
    }
