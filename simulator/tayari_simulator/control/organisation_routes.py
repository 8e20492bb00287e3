"""Organisations: their accounts and switches, what is added to an account, and their statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.organisations import Organisation
from tayari_simulator.control import schemas
from tayari_simulator.control.endpoint import Controlled, ControlRefusal
from tayari_simulator.state.transactions import Status
from tayari_simulator.transport.payment_views import organisation_dict

Json = dict[str, Any]
MOST_ROWS: Final = 500
"""How many rows a statement has, the latest."""
_SETTINGS: Final = ("validates", "active", "confirms_pushes", "lists_pushes", "nominated_number")


async def organisations(controlled: Controlled, *_: object) -> object:
    state = controlled.simulator.daraja.state
    return {"organisations": [organisation_dict(row, state.ledger) for row in state.organisations.all()]}


async def set_organisation(controlled: Controlled, request: web.Request, given: schemas.SetOrganisation) -> object:
    state, organisation = _found(controlled, request)
    if (given.initiator is None) != (given.expired is None):
        raise ControlRefusal(400, "bad_body", "initiator and expired go together; give both or neither")
    initiator = organisation.initiator(given.initiator) if given.initiator is not None else None
    if given.initiator is not None and initiator is None:
        known = ", ".join(row.name for row in organisation.initiators)
        raise ControlRefusal(404, "unknown_initiator", f'no initiator "{given.initiator[:40]}"; known here: {known}')
    if initiator is not None and given.expired is not None:
        initiator.expired = given.expired
        initiator.failures = 0
    for name in _SETTINGS:
        value = getattr(given, name)
        if value is not None:
            setattr(organisation, name, value)
    state.organisations.set_limits(organisation, given.largest_amount, given.daily_payout)
    if given.top_up is not None:
        state.ledger.open(organisation.short_code, given.account, given.top_up)
    return {"organisation": organisation_dict(organisation, state.ledger)}


async def statement(controlled: Controlled, request: web.Request, _: object) -> object:
    state, organisation = _found(controlled, request)
    rows = list(_postings(state, organisation.short_code))
    return {
        "short_code": organisation.short_code,
        "postings": rows[-MOST_ROWS:],
        "left_out": max(0, len(rows) - MOST_ROWS),
    }  # fmt: skip


def unknown_short_code(short_code: str) -> ControlRefusal:
    """There is no organisation of this short code."""
    message = (
        f'no organisation has the short code "{short_code[:20]}"; known are those of the start (--short-code, '
        "--organisation) and the sandbox's, 600000 to 600999"
    )
    return ControlRefusal(404, "unknown_short_code", message)


def _found(controlled: Controlled, request: web.Request) -> tuple[DarajaState, Organisation]:
    """Raises ControlRefusal: 404, there is no such organisation."""
    short_code = request.match_info["short_code"]
    state = controlled.simulator.daraja.state
    organisation = state.organisations.find(short_code)
    if organisation is None:
        raise unknown_short_code(short_code)
    return state, organisation


def _postings(state: DarajaState, short_code: str) -> Iterator[Json]:
    """The money that the remembered transactions moved to this organisation (above zero), or from it (below)."""
    moved = [row for row in state.transactions.all() if row.status is Status.PAID]
    for row in sorted(moved, key=lambda row: row.completed_s):
        lifecycle = state.lifecycles[row.kind]
        parties = lifecycle.parties(row)
        if not lifecycle.moves_money or short_code not in (row.short_code, parties.debit, parties.credit):
            continue
        pays = parties.debit == short_code
        yield {
            "at": row.completed_s,
            "receipt": row.receipt,
            "kind": row.kind,
            "other": parties.credit if pays else parties.debit,
            "reference": row.reference,
            "amount": -row.amount if pays else row.amount,
            "checkout_request_id": row.id,
        }
