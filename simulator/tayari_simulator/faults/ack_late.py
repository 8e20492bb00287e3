"""`ack_late`: the acknowledgement takes its time."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import AckFault
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class AckLate(AckFault):
    """Accept at once and acknowledge `by_s` seconds later; the outcome does not wait for it."""

    by_s: Seconds

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.by_s
