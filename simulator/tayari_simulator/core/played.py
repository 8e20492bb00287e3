"""A call under a chosen behaviour: its faults answer instead of the decision, or change the reply after it."""

from __future__ import annotations

from collections.abc import Callable

from tayari_simulator.core.behaviour import Call, Play, Reply
from tayari_simulator.core.errors import REQUEST_ID
from tayari_simulator.core.ids import Ids

_MARK = REQUEST_ID.encode()


def played(play: Play, call: Call, ids: Ids, decide: Callable[[], Reply]) -> Reply:
    """Count the call, let its faults answer or decide, then let them shape the reply.

    Raises:
        Refused: by `decide`.
    """
    faults = play.faults(call, play.count(call))
    reply = None
    for fault in faults:
        reply = fault.instead(call)
        if reply is not None:
            break
    if reply is None:
        reply = decide()
    for fault in faults:
        fault.shape(reply)
    if _MARK in reply.body:
        reply.body = reply.body.replace(_MARK, ids.request_id().encode())
    return reply
