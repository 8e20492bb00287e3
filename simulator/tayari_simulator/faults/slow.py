"""`slow`: the answer comes late."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class Slow(TableFault):
    """Hold the answer for `first_byte_s` seconds; what it answers has happened before."""

    first_byte_s: Seconds

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.first_byte_s
