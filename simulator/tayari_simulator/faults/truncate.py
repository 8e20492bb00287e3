"""`truncate`: the body ends early."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.strict_reading import Count


@dataclass(frozen=True, slots=True)
class Truncate(TableFault):
    """Send `keep_bytes` of the body under its full Content-Length, then close. The call was handled."""

    keep_bytes: Count = 20

    def shape(self, reply: Reply) -> None:
        reply.transport = Transport.TRUNCATE
        reply.keep_bytes = self.keep_bytes
