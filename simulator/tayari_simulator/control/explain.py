"""`GET /v1/explain/PAYMENT`: what happened to a payment, which scenario it met and why none of the others, and every
refusal of its payer's calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from tayari_simulator.apis.core.fields import Field, Fields
from tayari_simulator.catalogue.errors import ERROR_LIST, Refused
from tayari_simulator.journal.entries import Question, text
from tayari_simulator.scenarios.conditional_scenarios import MatchedBy, Rows, why_not
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.scenarios.values import MSISDN_FORM
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.transactions import Status, Transaction
from tayari_simulator.transport.payment_views import transaction_dict
from tayari_simulator.transport.simulator import Simulator

Json = dict[str, Any]
MOST_PAYMENTS: Final = 100
"""How many of one phone's payments are explained: the latest."""
MOST_REFUSALS: Final = 200
"""How many refusals are shown: the latest."""
NOT_QUEUED: Final = {
    MatchedBy.ONE_SHOT_MSISDN: "no one-shot was waiting for this MSISDN (POST /v1/next)",
    MatchedBy.ONE_SHOT_ENDPOINT: "no one-shot was waiting for the next push of any number (POST /v1/next)",
}
NOT_KEPT: Final = "the payment began in an earlier process, and how it came to its scenario was not kept"
MATCHED: Final = {
    MatchedBy.ONE_SHOT_MSISDN: "it was queued for this MSISDN",
    MatchedBy.ONE_SHOT_ENDPOINT: "it was queued for the endpoint, and this MSISDN came first",
    MatchedBy.HANDSET: "the phone that is prompted is controlled by hand, and its answer decides",
    MatchedBy.MSISDN: "the payer's MSISDN chooses it",
    MatchedBy.AMOUNT: "the amount chooses it",
    MatchedBy.REFERENCE: "the account reference chooses it",
    MatchedBy.MIX: "it was drawn from the mix",
    MatchedBy.ACTIVE: "it is the active scenario, which plays where nothing more specific does",
    MatchedBy.DEFAULT: "nothing matched: success, under the rules of M-Pesa (wallet, limits, one prompt per phone)",
}


def chosen_way(transaction: Transaction) -> MatchedBy | None:
    """By which way the payment came to its scenario; None: it began in an earlier process, which did not keep that."""
    if transaction.play is None:
        return MatchedBy.DEFAULT
    return MatchedBy(transaction.play.chosen_by) if transaction.play.chosen_by else None


def considered(selector: Selector, transaction: Transaction) -> list[Json]:
    """A row for each way, the strongest first: `way`, `matched`, `scenario`, `why`, and `near`: who else asked for it.

    What was queued at the time is known from the choice itself; the loaded scenarios are those of now.
    """
    chosen = chosen_way(transaction)
    if chosen is None:
        return [{"way": str(way), "matched": False, "scenario": None, "why": NOT_KEPT, "near": []} for way in MatchedBy]
    name = transaction.play.behaviour.name if transaction.play is not None else None
    ways = list(MatchedBy)
    asked = _asked(selector, transaction)
    rows = []
    for place, way in enumerate(ways):
        matched = way is chosen
        outranked = place > ways.index(chosen)
        rows.append({
            "way": str(way),
            "matched": matched,
            "scenario": name if matched else None,
            "why": MATCHED[way] if matched else _why_not(way, selector, chosen if outranked else None),
            "near": [
                _near(row, transaction, way, chosen)
                for row in asked.get(way, ())
                if row.name != name or not matched
            ],
        })  # fmt: skip
    return rows


def _asked(selector: Selector, transaction: Transaction) -> dict[MatchedBy, Rows]:
    found: dict[MatchedBy, Rows] = {}
    for way, rows in selector.conditions(transaction.kind).candidates(
        transaction.msisdn, transaction.amount, transaction.reference
    ):
        found[way] = (*found.get(way, ()), *rows)
    return found


def _why_not(way: MatchedBy, selector: Selector, outranked_by: MatchedBy | None) -> str:
    if outranked_by is not None:
        return f"not asked: {outranked_by} is stronger"
    if way in NOT_QUEUED:
        return NOT_QUEUED[way]
    if way is MatchedBy.HANDSET:
        return "no phone that is controlled by hand was prompted (PUT /v1/handsets/MSISDN, --interactive)"
    if way is MatchedBy.MIX:
        return "the mix was set later" if selector.mix else "there is no mix (--mix, POST /v1/mix)"
    if way is MatchedBy.ACTIVE:
        active = selector.active
        return f"{active} did not play then" if active else "no scenario is active (PUT /v1/scenarios/active)"
    return f"no loaded scenario with this {way} fits in full"


def _near(row: Any, transaction: Transaction, way: MatchedBy, chosen: MatchedBy) -> Json:
    """A loaded scenario that asked for this MSISDN, amount or reference, and why it did not play."""
    ways = list(MatchedBy)
    missed = why_not(row, transaction.amount, transaction.reference, row.when.from_call)
    if not missed and ways.index(way) > ways.index(chosen):
        missed = f"it fits, but {chosen} is stronger"
    if not missed and row.when.from_call > 1:
        missed = f"it plays from call {row.when.from_call} of the MSISDN on"
    return {"scenario": row.name, "why": missed or "another scenario of the same condition comes before it"}


def explain(simulator: Simulator, selector: Selector, which: str) -> Json | None:
    """The payment of this CheckoutRequestID or receipt, or all of this MSISDN; None: there is nothing to explain."""
    transactions = _meant(simulator, which)
    msisdn = transactions[0].msisdn if transactions else which
    refused = refusals(simulator, msisdn) if MSISDN_FORM.fullmatch(msisdn) else []
    if not transactions and not refused:
        return None
    return {
        "msisdn": msisdn,
        "payments": [_explained(simulator, selector, transaction) for transaction in transactions[-MOST_PAYMENTS:]],
        "refusals": refused,
    }


def _meant(simulator: Simulator, which: str) -> list[Transaction]:
    store = simulator.daraja.state.transactions
    if MSISDN_FORM.fullmatch(which):
        return list(store.of(which))
    found = store.find_by_any_id(which)
    return [] if found is None else [found]


def _explained(simulator: Simulator, selector: Selector, transaction: Transaction) -> Json:
    way = chosen_way(transaction)
    return {
        "payment": transaction_dict(transaction),
        "chosen": {
            "scenario": transaction.play.behaviour.name if transaction.play is not None else None,
            "way": str(way) if way is not None else None,
            "why": MATCHED[way] if way is not None else NOT_KEPT,
        },
        "considered": considered(selector, transaction),
        "events": sorted(_events(simulator, transaction), key=lambda event: float(event["virtual_at"])),
    }


def _events(simulator: Simulator, transaction: Transaction) -> Iterator[Json]:
    """What happened to it, with the state before and after. Callbacks and queries report it; only results change it."""
    yield _event(transaction, "accepted", transaction.created_s, None, Status.PROMPTED, seq=transaction.seq)
    for move in transaction.moves:
        outcome = {"result_code": move.result_code, "result_desc": move.result_desc}
        yield _event(transaction, "result", move.at_s, move.before, move.after, **outcome)
    for entry in simulator.entries.find(Question(transaction_id=transaction.id)):
        if entry.seq != transaction.seq:
            state = _state_at(transaction, entry.at_s)
            yield _event(transaction, _name_of(entry), entry.at_s, state, state, **_delivery(entry))


def _event(transaction: Transaction, name: str, at_s: float, before: Status | None, after: Status, **more: Any) -> Json:
    return {
        "event": name,
        "virtual_at": round(at_s, 6),
        "after_s": round(at_s - transaction.created_s, 3),
        "before": str(before) if before is not None else None,
        "after": str(after),
        **more,
    }


def _state_at(transaction: Transaction, at_s: float) -> Status:
    passed = [move.after for move in transaction.moves if move.at_s <= at_s]
    return passed[-1] if passed else Status.PROMPTED


def _name_of(entry: JournalExchange) -> str:
    names = {
        ExchangeKind.REQUEST: str(entry.endpoint),
        ExchangeKind.CALLBACK: "callback",
        ExchangeKind.CONTROL: "sent_callback",
    }
    return names[entry.kind]


def _delivery(entry: JournalExchange) -> Json:
    return {
        "seq": entry.seq,
        "status": entry.status or None,
        "callback": "" if entry.kind is ExchangeKind.REQUEST else text(entry.request_body)[:2000],
        "answer": text(entry.response_body)[:2000],
        "note": entry.note,
        "error": entry.error,
    }


def refusals(simulator: Simulator, msisdn: str) -> list[Json]:
    """The calls of this payer that were not answered with what they asked for, oldest first, each with all its reasons.

    Daraja names only the first one.
    """
    entries = simulator.entries.find(Question(msisdn=msisdn, kind=ExchangeKind.REQUEST))
    return [_refusal(simulator, entry) for entry in entries if _is_refusal(entry)][-MOST_REFUSALS:]


def _is_refusal(entry: JournalExchange) -> bool:
    if entry.status != 200:
        return True
    return bool(_object(entry.response_body).get("ResponseCode", "0") != "0")


def _refusal(simulator: Simulator, entry: JournalExchange) -> Json:
    body = _object(entry.response_body)
    gateway = body.get("fault") or {}
    return {
        "seq": entry.seq,
        "at": round(entry.wall_at_s, 6),
        "virtual_at": round(entry.at_s, 6),
        "endpoint": entry.endpoint,
        "status": entry.status or None,
        "code": body.get("errorCode") or gateway.get("detail", {}).get("errorcode") or body.get("ResponseCode"),
        "message": body.get("errorMessage") or gateway.get("faultstring") or text(entry.response_body)[:200],
        "scenario": entry.scenario,
        "reasons": list(dict.fromkeys(_reasons(simulator, entry))) or [_usual_reason(body)],
    }


def _reasons(simulator: Simulator, entry: JournalExchange) -> Iterator[str]:
    if entry.note:
        yield entry.note
    if entry.error:
        yield entry.error
    wires = _objects(entry)
    fields = _fields_of(simulator, entry.endpoint)
    rows = fields.rows if fields is not None else ()
    complaints = [_complaint(row, wire) for wire in wires for row in rows if row.read(wire.get(row.name)) is None]
    yield from complaints
    if not complaints and any(row.name == "Password" for row in rows):
        yield from _credentials(simulator, wires[0])
    if entry.scenario:
        yield f"the scenario {entry.scenario} lets Daraja answer so"


def _usual_reason(body: Mapping[str, Any]) -> str:
    """When Daraja says this, by the catalogue."""
    error = (body.get("errorCode"), body.get("errorMessage"))
    return next((row.when for row in ERROR_LIST if (row.code, row.message) == error), "the answer says no more")


def _fields_of(simulator: Simulator, endpoint: str) -> Fields | None:
    for route in simulator.daraja.routes.values():
        if route.endpoint.name == endpoint and route.endpoint.fields is not None:
            return route.endpoint.fields(simulator.options)
    return None


def _complaint(row: Field, wire: Mapping[str, Any]) -> str:
    found = f"is {wire[row.name]!r}"[:200] if row.name in wire else "is missing"
    return f"{row.name} {found}; expected {row.about}"


def _credentials(simulator: Simulator, wire: Mapping[str, Any]) -> Iterator[str]:
    try:
        simulator.daraja.state.business.check(
            str(wire.get("BusinessShortCode")), str(wire.get("Password")), str(wire.get("Timestamp"))
        )
    except Refused as refused:
        yield refused.note


def _object(body: bytes) -> dict[str, Any]:
    found = _json(body)
    return found if isinstance(found, dict) else {}


def _objects(entry: JournalExchange) -> list[dict[str, Any]]:
    """What a call said: one object, or the rows of a list; a GET says it in its URL."""
    if entry.method == "GET":
        return [dict(parse_qsl(entry.url.partition("?")[2], keep_blank_values=True))]
    found = _json(entry.request_body)
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    return rows or [found if isinstance(found, dict) else {}]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
