"""The control API of one process: the rows of a single one, and those that only the parent asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tayari_simulator.cluster.building import Member
from tayari_simulator.control.app import ControlPort, application, control_handlers, open_application
from tayari_simulator.control.bodies import read_body
from tayari_simulator.control.live_page import facts_of
from tayari_simulator.control.refusals import answer
from tayari_simulator.control.routes import ROUTES
from tayari_simulator.core.agenda import NEVER
from tayari_simulator.core.tokens import Tokens

Handler = Callable[[Member, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTo:
    """`POST /v1/process/clock`: the clock's seconds to show; nothing happens yet."""

    to_s: float


@dataclass(frozen=True, slots=True)
class Nothing:
    """A body without keys."""


async def status(member: Member, _: web.Request) -> web.Response:
    """`GET /v1/process`: what the parent looks at every second."""
    simulator = member.simulator
    next_s = simulator.daraja.next_due_s()
    return answer({
        "now_s": simulator.now_s(),
        "next_due_s": None if next_s == NEVER else next_s,
        "balance": simulator.balance(),
        "tokens": _tokens(simulator.daraja.world.tokens),
    })  # fmt: skip


async def shown(member: Member, _: web.Request) -> web.Response:
    """`GET /v1/process/shown`: its part of the live page and of the metrics."""
    facts = facts_of(member.simulator, member.selector)
    return answer(facts | {"metrics": facts["metrics"] | member.metrics(), "queued": member.selector.queued})


async def place_clock(member: Member, request: web.Request) -> web.Response:
    """`POST /v1/process/clock`."""
    given = await read_body(request, MoveTo)
    member.simulator.advancing.check()
    member.simulator.advancing.place(given.to_s)
    return answer({"now_s": member.simulator.now_s()})


async def fire(member: Member, request: web.Request) -> web.Response:
    """`POST /v1/process/fire`."""
    await read_body(request, Nothing)
    return answer({"fired": await member.simulator.advancing.fire()})


ROWS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/process", status),
    ("GET", "/v1/process/shown", shown),
    ("POST", "/v1/process/clock", place_clock),
    ("POST", "/v1/process/fire", fire),
)


async def open_node_control(member: Member, *, host: str) -> ControlPort:
    """Open the port that the parent steers this process by."""
    routes = control_handlers(member.simulator, member.selector, ROUTES)
    routes += [web.route(method, path, _bound(handler, member)) for method, path, handler in ROWS]
    return await open_application(application(routes), host=host, port=0, ends_with_caller=True)


def _bound(handler: Handler, member: Member) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(member, request)

    return handle


def _tokens(tokens: Tokens) -> Any:
    return tokens.state() if hasattr(tokens, "state") else {}
