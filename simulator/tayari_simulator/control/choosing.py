"""The routes about choosing: what chooses, what was chosen and why, and how sure we are of it all."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tayari_simulator.control import bodies
from tayari_simulator.control.bodies import read_body
from tayari_simulator.control.controlled import Controlled, Route
from tayari_simulator.control.explain import explain
from tayari_simulator.control.provenance import standings
from tayari_simulator.control.refusals import Refusal, answer
from tayari_simulator.scenario.magic import magic_rows
from tayari_simulator.scenario.mix import BadMix


async def blend(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/mix`."""
    given = await read_body(request, bodies.Blend)
    weights = given.mix if isinstance(given.mix, dict) else None
    try:
        controlled.selector.blend(weights)
    except BadMix as error:
        raise Refusal(400, "bad_mix", str(error)) from error
    return answer({"mix": controlled.selector.mix})


async def magic(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/magic`."""
    return answer({"magic": [row.to_dict() for row in magic_rows(controlled.selector.scenarios())]})


async def provenance(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/provenance`."""
    return answer({"provenance": [row.to_dict() for row in standings(controlled.simulator.options)]})


async def explain_payment(controlled: Controlled, request: web.Request) -> web.Response:
    """`GET /v1/explain/PAYMENT`."""
    which = request.match_info["payment"]
    found = explain(controlled.simulator, controlled.selector, which)
    if found is None:
        message = f'nothing is known of "{which[:100]}"; give a CheckoutRequestID, a receipt or an MSISDN of this run'
        raise Refusal(404, "unknown_payment", message)
    return answer(found)


CHOOSING: Final[tuple[Route, ...]] = (
    Route("POST", "/v1/mix", blend),
    Route("GET", "/v1/magic", magic),
    Route("GET", "/v1/provenance", provenance),
    Route("GET", "/v1/explain/{payment}", explain_payment),
)
