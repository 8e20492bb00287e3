"""A call under a chosen behaviour: its faults answer instead of the decision, or change the reply after it."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.catalogue.errors import REQUEST_ID
from tayari_simulator.state.behaviour import Play, Reply, Transport

_MARK = REQUEST_ID.encode()


def apply_faults(play: Play, call: str, state: DarajaState, now_s: float, decide: Callable[[], Reply]) -> Reply:
    """Count the call, let its faults answer or decide, then let them shape the reply.

    Raises:
        Refused: by `decide`.
    """
    faults = play.met(call, now_s, state.uniform)
    reply = None
    for fault in faults:
        reply = fault.instead(call)
        if reply is not None:
            state.counts.refuse(_code_of(reply))
            break
    if reply is None:
        reply = decide()
    for fault in faults:
        fault.shape(reply)
    if reply.revokes_tokens:
        state.tokens.revoke()
    if _MARK in reply.body:
        reply.body = reply.body.replace(_MARK, state.ids.request_id().encode())
    return reply


def _code_of(reply: Reply) -> str:
    """What the counters call a refusal that a fault made."""
    if reply.transport is not Transport.NORMAL:
        return str(reply.transport)
    body = orjson.loads(reply.body) if reply.body.startswith(b"{") else {}
    return str(body.get("errorCode") or f"http_{reply.status}")
