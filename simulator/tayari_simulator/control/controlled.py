"""What the routes of the control API share: what they steer, and the form of a row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from tayari_simulator.control.refusals import Refusal
from tayari_simulator.http.simulator import Simulator
from tayari_simulator.scenario.model import Scenario
from tayari_simulator.scenario.selector import Selector, UnknownScenario


@dataclass(frozen=True, slots=True)
class Controlled:
    """What the control API steers."""

    simulator: Simulator
    selector: Selector
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One scenario is read at a time, in a thread, so that Daraja answers meanwhile."""


Handle = Callable[[Controlled, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One row: method, path and what answers."""

    method: str
    path: str
    handle: Handle


def named(controlled: Controlled, name: str) -> Scenario:
    """The loaded scenario of this name.

    Raises:
        Refusal: 404, there is none.
    """
    try:
        return controlled.selector.get(name)
    except UnknownScenario as error:
        raise Refusal(404, "unknown_scenario", str(error)) from error
