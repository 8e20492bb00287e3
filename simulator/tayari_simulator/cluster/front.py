"""One control API for all processes: each row says who is asked, and how the answers become one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from tayari_simulator.cluster import merging
from tayari_simulator.cluster.asking import Question, Said, process_gone
from tayari_simulator.cluster.owning import slot_of
from tayari_simulator.cluster.steering import Front, tell_all
from tayari_simulator.cluster.waiting import wait_everywhere
from tayari_simulator.control import bodies
from tayari_simulator.control.bodies import read_body, read_query
from tayari_simulator.control.live_page import RECENT, page_of
from tayari_simulator.control.prometheus import metrics_text
from tayari_simulator.control.refusals import Refusal, answer

Json = dict[str, Any]

Handle = Callable[[Front, web.Request], Awaitable[web.StreamResponse]]


async def to_first(front: Front, request: web.Request) -> web.StreamResponse:
    """What is the same in all: the first process answers."""
    return (await front.asking.one(await front.owner(None), await _question(request))).response()


async def to_all(front: Front, request: web.Request) -> web.StreamResponse:
    """Done when all have done it. The first one goes first: what it refuses, no other hears of."""
    said = await tell_all(front, await _question(request))
    return said[0].response()


async def summed(front: Front, request: web.Request) -> web.StreamResponse:
    """The same, where the answer is a number of things."""
    said = await tell_all(front, await _question(request))
    if not said[0].ok:
        return said[0].response()
    told = [row.json() for row in said]
    return answer({name: sum(row[name] for row in told) for name in told[0]})


async def play_next(front: Front, request: web.Request) -> web.StreamResponse:
    """`POST /v1/next`: of an MSISDN at its owner, of an endpoint everywhere, in the same order."""
    body = await _body(request)
    if body.get("endpoint") is not None and body.get("msisdn") is None:
        return await to_all(front, request)
    return await _to_owner_of(front, request, body.get("msisdn"))


async def set_wallet(front: Front, request: web.Request) -> web.StreamResponse:
    """`PUT /v1/wallets/MSISDN`."""
    return await _to_owner_of(front, request, request.match_info["msisdn"])


async def send_callback(front: Front, request: web.Request) -> web.StreamResponse:
    """`POST /v1/callbacks`."""
    return await _to_owner_of(front, request, (await _body(request)).get("checkout_request_id"))


async def settings(front: Front, request: web.Request) -> web.StreamResponse:
    """`GET /v1/settings`."""
    said = await front.asking.one(await front.owner(None), await _question(request))
    return answer(said.json() | {"control_url": front.url, "processes": front.crew.expected})


async def health(front: Front, request: web.Request) -> web.StreamResponse:
    """`GET /health`: `degraded` while a process is missing."""
    told = await _of_present(front, await _question(request))
    if not told:
        raise process_gone(front.crew.table.lead)
    missing = front.crew.expected - len(told)
    return answer(told[0] | {"status": "degraded" if missing else "ok", "processes": len(told)})


async def metrics(front: Front, _: web.Request) -> web.StreamResponse:
    """`GET /metrics`."""
    told = await _of_present(front, Question.get("/v1/process/shown"))
    values = merging.merged_metrics([row["metrics"] for row in told]) | front.crew.metrics()
    text = metrics_text(values, queued=sum(row["queued"] for row in told))
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def page(front: Front, _: web.Request) -> web.StreamResponse:
    """`GET /`."""
    told = await _gathered(front, Question.get("/v1/process/shown"))
    return web.Response(text=page_of(merging.merged_shown(told, recent=RECENT)), content_type="text/html")


async def payments(front: Front, request: web.Request) -> web.StreamResponse:
    """`GET /v1/payments`."""
    where = read_query(request, bodies.PaymentsWhere)
    key = where.checkout_request_id or where.msisdn
    if key is not None and slot_of(key) is not None:
        return (await front.asking.one(await front.owner(key), await _question(request))).response()
    return answer(merging.merged_payments(await _gathered(front, await _question(request))))


async def journal(front: Front, request: web.Request) -> web.StreamResponse:
    """`GET /v1/journal`."""
    where = read_query(request, bodies.JournalWhere)
    told = await _gathered(front, await _question(request))
    return answer(merging.merged_journal(told, since=where.since, limit=where.limit))


async def balance(front: Front, _: web.Request) -> web.StreamResponse:
    """`GET /v1/balance`."""
    told = await _of_present(front, Question.get("/v1/balance"))
    return answer(merging.merged_balance(told, died=front.crew.died, expected=front.crew.expected))


async def limits(front: Front, _: web.Request) -> web.StreamResponse:
    """`GET /v1/limits`."""
    present = await front.all()
    said = await front.asking.each(present, Question.get("/v1/limits"))
    return answer(merging.merged_limits({node.index: row.json() for node, row in zip(present, said, strict=True)}))


async def explain(front: Front, request: web.Request) -> web.StreamResponse:
    """`GET /v1/explain/PAYMENT`: of a receipt nobody knows the owner, so all are asked."""
    question, which = await _question(request), request.match_info["payment"]
    if slot_of(which) is not None:
        return (await front.asking.one(await front.owner(which), question)).response()
    said = await front.asking.each(await front.all(), question)
    return next((row for row in said if row.ok), said[0]).response()


async def advance(front: Front, request: web.Request) -> web.StreamResponse:
    """`POST /v1/clock/advance`."""
    given = await read_body(request, bodies.Advance)
    question = await _question(request)
    clock = (await front.asking.one(await front.owner(None), Question.get("/v1/settings"))).json()["clock"]
    if not clock.startswith("manual") or [given.by_s, given.to, given.until].count(None) != 2:
        return (await front.asking.one(await front.owner(None), question)).response()
    return answer(await front.stepping.advance(await front.all(), by_s=given.by_s, to_next=given.to is not None))


async def wait(front: Front, request: web.Request) -> web.StreamResponse:
    """`POST /v1/wait`."""
    given = await read_body(request, bodies.WaitFor)
    key = given.checkout_request_id or given.msisdn
    if key is not None and slot_of(key) is not None and given.for_ is not bodies.Condition.OAUTH_SEEN:
        return (await front.asking.one(await front.owner(key), await _question(request))).response()
    told = await wait_everywhere(front.asking, await front.all(), await _body(request))
    return told.response() if isinstance(told, Said) else answer(told)


ROWS: Final[tuple[tuple[str, str, Handle], ...]] = (
    ("GET", "/health", health),
    ("GET", "/metrics", metrics),
    ("GET", "/", page),
    ("GET", "/v1/settings", settings),
    ("POST", "/v1/reset", to_all),
    ("GET", "/v1/scenarios", to_first),
    ("GET", "/v1/scenarios/{name:.+}", to_first),
    ("POST", "/v1/scenarios", to_all),
    ("PUT", "/v1/scenarios/active", to_all),
    ("POST", "/v1/mix", to_all),
    ("GET", "/v1/magic", to_first),
    ("GET", "/v1/provenance", to_first),
    ("GET", "/v1/explain/{payment}", explain),
    ("POST", "/v1/next", play_next),
    ("DELETE", "/v1/next", summed),
    ("POST", "/v1/tokens/revoke", summed),
    ("POST", "/v1/outage", to_all),
    ("POST", "/v1/hold", to_all),
    ("PUT", "/v1/wallets/{msisdn}", set_wallet),
    ("POST", "/v1/clock/advance", advance),
    ("GET", "/v1/payments", payments),
    ("GET", "/v1/balance", balance),
    ("GET", "/v1/limits", limits),
    ("GET", "/v1/journal", journal),
    ("POST", "/v1/wait", wait),
    ("POST", "/v1/callbacks", send_callback),
    ("GET", "/v1/codes", to_first),
    ("GET", "/v1/schemas", to_first),
)
"""The rows of the control API. A test holds that none is missing."""


def front_routes(front: Front) -> list[web.RouteDef]:
    """The rows, bound."""
    return [web.route(method, path, _bound(handle, front)) for method, path, handle in ROWS]


def _bound(handle: Handle, front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def bound(request: web.Request) -> web.StreamResponse:
        return await handle(front, request)

    return bound


async def _question(request: web.Request) -> Question:
    return Question(request.method, request.raw_path, await request.read())


async def _body(request: web.Request) -> Json:
    """The body if it is a JSON object; what else it is, the process that gets it refuses in its own words."""
    try:
        value = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


async def _to_owner_of(front: Front, request: web.Request, key: object) -> web.StreamResponse:
    owner = await front.owner(key if isinstance(key, str) else None)
    return (await front.asking.one(owner, await _question(request))).response()


async def _of_present(front: Front, question: Question) -> list[Any]:
    """What those answer that can be asked now."""
    said = await asyncio.gather(
        *(front.asking.one(node, question) for node in front.crew.present()), return_exceptions=True
    )
    for row in said:
        if isinstance(row, BaseException) and not isinstance(row, Refusal):
            raise row
    return [row.json() for row in said if isinstance(row, Said)]


async def _gathered(front: Front, question: Question) -> list[Any]:
    """What all answer; a refusal of one is everybody's."""
    said = await front.asking.each(await front.all(), question)
    refused = next((row for row in said if not row.ok), None)
    if refused is not None:
        told = refused.json()["error"]
        raise Refusal(refused.status, told["code"], told["message"])
    return [row.json() for row in said]
