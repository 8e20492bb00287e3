"""The control port: an application over the table of routes, and one way out for every refusal."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from tayari_formats.problems import suggest

from tayari_simulator.control.endpoint import Controlled, ControlRefusal, Route, answer, check_token
from tayari_simulator.control.route_table import ROUTES
from tayari_simulator.control.schemas import read_body, read_query
from tayari_simulator.scenarios.mix import BadMix
from tayari_simulator.scenarios.selector import Selector, UnknownScenario
from tayari_simulator.transport.simulator import Simulator, TargetRefused

MOST_BYTES: Final = 16 * 1024 * 1024
"""The largest body: a merchant's handling of huge callbacks is tested with raw bodies."""

_NAMES: Final = web.AppKey("names", frozenset[str])

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(simulator: Simulator, selector: Selector) -> web.Application:
    """The control API over one simulator and its scenario selector."""
    names = frozenset(name.lower() for name in simulator.config.control_names)
    controlled = Controlled(simulator, selector)
    app = application((web.route(row.method, row.path, _handler(row, controlled)) for row in ROUTES), names)

    async def end_streams(_: web.Application) -> None:
        for stream in list(controlled.streams):
            stream.end()

    app.on_shutdown.append(end_streams)
    return app


def application(routes: Iterable[web.RouteDef], names: frozenset[str] = frozenset()) -> web.Application:
    """An application that refuses in the control API's one shape; `names` are further ones that it is called by."""
    app = web.Application(middlewares=[_refusals], client_max_size=MOST_BYTES)
    app[_NAMES] = names
    app.add_routes(routes)
    return app


@dataclass(slots=True)
class ControlPort:
    """An open control port."""

    url: str
    runner: web.AppRunner

    async def close(self) -> None:
        """Close the port; waits that are under way end."""
        await self.runner.cleanup()


async def open_control_port(simulator: Simulator, selector: Selector, *, host: str, port: int) -> ControlPort:
    """Open the control port and give the simulator its URL. `port` 0: the system chooses.

    Raises:
        OSError: the port is taken.
    """
    opened = await open_application(build_app(simulator, selector), host=host, port=port)
    simulator.control_url = opened.url
    return opened


async def open_application(app: web.Application, *, host: str, port: int) -> ControlPort:
    """Open a port for an application. `port` 0: the system chooses.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound_host, bound_port = runner.addresses[0][:2]
    shown = f"[{bound_host}]" if ":" in bound_host else bound_host
    return ControlPort(f"http://{shown}:{bound_port}", runner)


def _handler(row: Route, controlled: Controlled) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if row.sends:
            check_token(controlled, request)
        given = None
        if row.takes is not None:
            given = read_query(request, row.takes) if row.method == "GET" else await read_body(request, row.takes)
        made = await row.handle(controlled, request, given)
        return made if isinstance(made, web.StreamResponse) else answer(made)

    return handle


_REFUSALS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    UnknownScenario: (404, "unknown_scenario"),
    BadMix: (400, "bad_mix"),
    TargetRefused: (403, "target_refused"),
}
"""Status and code of what the simulator refuses, whichever call asks for it."""


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal in one shape; a defect of ours keeps its traceback and becomes a plain 500."""
    try:
        _refuse_other_names(request)
        _refuse_other_sites(request)
        return await handler(request)
    except ControlRefusal as refusal:
        return refusal.response()
    except tuple(_REFUSALS) as error:
        return ControlRefusal(*_REFUSALS[type(error)], str(error)).response()
    except web.HTTPRequestEntityTooLarge:
        return ControlRefusal(413, "too_large", f"the body is larger than {MOST_BYTES} bytes").response()
    except web.HTTPMethodNotAllowed as wrong:
        allowed = ", ".join(sorted(wrong.allowed_methods))
        message = f"{request.method} is not for {request.path}; use {allowed}"
        return ControlRefusal(405, "method_not_allowed", message).response()
    except web.HTTPNotFound:
        hint = suggest(request.path, {row.path for row in ROUTES})
        return ControlRefusal(404, "not_found", f"no route {request.path}{hint}").response()


def _refuse_other_names(request: web.Request) -> None:
    """Another site can give its name this machine's address; a browser then takes its page for one of ours."""
    found = request.headers.get("Host")
    if found is None or _is_own_name(found, request.app[_NAMES]):
        return
    message = (
        f"found the host name {found[:100]}; expected an address, localhost or a name without dots; "
        f"start the simulator with --control-name NAME for another one"
    )
    raise ControlRefusal(403, "other_host", message)


def _is_own_name(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header is an address, or a name that no other site can have."""
    name = host.lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    if name in names or "." not in name or name.endswith(".localhost"):
        return ":" not in name or _is_address(name)
    return _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_other_sites(request: web.Request) -> None:
    """A web page that someone has open must not be able to steer a simulator on the same machine.

    A link to the page from elsewhere may be followed; a page of another site may load nothing from here.
    """
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate":
        message = "found a request from a web page of another site; the control API is not for other sites' pages"
        raise ControlRefusal(403, "other_site", message)
    if origin is not None and origin.partition("://")[2] != request.host:
        message = f"found a request from the web page {origin}; the control API is not for other sites' pages"
        raise ControlRefusal(403, "other_site", message)
