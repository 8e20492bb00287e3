"""`reset`: the connection is reset before an answer."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply, Transport


@dataclass(frozen=True, slots=True)
class Reset(TableFault):
    """Reset the connection; Daraja never sees the call."""

    def instead(self) -> Reply:
        return Reply(503, b"", transport=Transport.RESET)
