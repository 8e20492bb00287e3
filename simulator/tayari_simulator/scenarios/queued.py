"""One-shots: scenarios that wait for the next payment of an MSISDN, or for the next calls of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.scenarios.match_explanation import MatchedBy
from tayari_simulator.scenarios.model import Scenario
from tayari_simulator.state.behaviour import Behaviour, Call, Play


class Misplaced(ValueError):
    """A scenario that can never play where it was asked for."""


@dataclass(slots=True)
class Queued:
    """A one-shot: its play, the call of its MSISDN from which it plays, and how many calls came so far."""

    play: Play
    from_call: int
    span: int
    """How many calls of an endpoint it lasts; without meaning for a payment, which ends it by being accepted."""
    seen: int = 0


def one_shot(scenario: Scenario, call: str, way: MatchedBy) -> Queued:
    """A scenario that waits for its turn."""
    return Queued(
        play=Play(scenario.behaviour, chosen_by=way),
        from_call=scenario.when.from_call,
        span=_span(scenario.behaviour, call),
    )


def _span(behaviour: Behaviour, call: str) -> int:
    """The calls that a one-shot of an endpoint lasts: until its last fault is through, one at the least."""
    last = [armed.after_calls + armed.times for armed in behaviour.armed if armed.on == call]
    query = behaviour.query.for_calls if behaviour.query is not None and call == Call.STK_QUERY else None
    return max([1, query or 1, *last])
