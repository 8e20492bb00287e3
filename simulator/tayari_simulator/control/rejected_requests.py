"""Every refusal of a payer's calls, with all its reasons: Daraja names only the first one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tayari_simulator.apis.core.fields import Field, Fields
from tayari_simulator.catalogue.errors import ERROR_LIST, Refused
from tayari_simulator.journal.entries import Question, text
from tayari_simulator.state.exchange import Exchange, Kind
from tayari_simulator.transport.simulator import Simulator

Json = dict[str, Any]

MOST: int = 200
"""How many refusals are shown: the latest."""


def refusals(simulator: Simulator, msisdn: str) -> list[Json]:
    """The pushes and queries of this payer that were not answered with what they asked for, oldest first."""
    entries = simulator.entries.find(Question(msisdn=msisdn, kind=Kind.REQUEST))
    return [_shown(simulator, entry) for entry in entries if _is_refusal(entry)][-MOST:]


def _is_refusal(entry: Exchange) -> bool:
    if entry.status != 200:
        return True
    return bool(_object(entry.response_body).get("ResponseCode", "0") != "0")


def _shown(simulator: Simulator, entry: Exchange) -> Json:
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


def _reasons(simulator: Simulator, entry: Exchange) -> Iterator[str]:
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


def _objects(entry: Exchange) -> list[dict[str, Any]]:
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
