"""`before_ack`: the callback overtakes the acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tayari_simulator.faults.base import AckFault
from tayari_simulator.faults.delays import DelayForm
from tayari_simulator.state.behaviour import NO_DELAY, Behaviour, DelayDistribution, Fixed, Reply
from tayari_simulator.strict_reading import Seconds

_AT: Final[DelayDistribution] = Fixed(1.0)


@dataclass(frozen=True, slots=True)
class BeforeAck(AckFault):
    """Hold the acknowledgement for `hold_s` seconds and call back `callback_at_s` seconds after the request.

    Source: reference 1.9 (order).
    """

    hold_s: Seconds = 3.0
    callback_at_s: DelayForm = _AT

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        first, *later = behaviour.steps
        early = replace(first, after=self.callback_at_s, callback_after=NO_DELAY)
        return replace(behaviour, steps=(early, *later))

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.hold_s
