"""How many calls an app may make in a minute, endpoint by endpoint, and what it hears when it makes more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Reply

LIMITS: Final = ((Call.OAUTH, "tokens_per_minute"), (Call.STK_PUSH, "pushes_per_minute"),
                 (Call.STK_QUERY, "queries_per_minute"))  # fmt: skip
"""The option that limits each endpoint. Limits of production are not published. Source: reference 1.11, 6-33."""


def rate_gaps(options: Options) -> Mapping[str, float]:
    """Seconds that must lie between two calls of one app; endpoints without a limit are not in it."""
    limits = ((call, options.number(name)) for call, name in LIMITS)
    return {call: 60.0 / limit for call, limit in limits if limit}


def rate_refusal(options: Options) -> Callable[[], Reply]:
    """What makes the refusals, in the shape and under the status that the options say."""
    shape, retry_after_s = options.text("rate_limit_shape"), options.number("rate_limit_retry_after_s")

    def refuse() -> Reply:
        if shape == "gateway":
            reply = GATEWAY_FAULTS["spike_arrest"].reply()
        else:
            reply = ERRORS["500.003.02.spike_arrest"].reply()
            reply.status = 429 if shape == "api_429" else reply.status
        if retry_after_s:
            reply.headers = (*reply.headers, ("Retry-After", f"{retry_after_s:g}"))
        return reply

    return refuse
