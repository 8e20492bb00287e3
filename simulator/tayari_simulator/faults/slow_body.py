"""`slow_body`: the answer begins at once and takes its time."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class SlowBody(TableFault):
    """Send the head at once and the body in small pieces over `over_s` seconds, then close. The call was handled."""

    over_s: Seconds = 2.0

    def shape(self, reply: Reply) -> None:
        reply.transport = Transport.SLOW_BODY
        reply.body_over_s = self.over_s
