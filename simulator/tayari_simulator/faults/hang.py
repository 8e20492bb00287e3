"""`hang`: no answer, then the connection closes."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class Hang(TableFault):
    """Say nothing for `for_s` seconds, then close. With `accepted` the call was handled nevertheless."""

    for_s: Seconds
    accepted: bool = False

    def instead(self) -> Reply | None:
        """Silence, where the call is not handled."""
        if self.accepted:
            return None
        return Reply(503, b"", delay_s=self.for_s, transport=Transport.CLOSE)

    def shape(self, reply: Reply) -> None:
        """Silence in place of the answer that was due. A reply made by `instead` is silent already."""
        if self.accepted:
            reply.delay_s += self.for_s
            reply.transport = Transport.CLOSE
