"""`refuse`: the Daraja port closes, or goes silent."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class Refuse(TableFault):
    """Reset this call and close the port for `for_s` seconds: all connections are refused meanwhile.

    With `silent` they are neither refused nor answered: connecting takes until the caller gives up.
    """

    for_s: Seconds
    silent: bool = False

    def instead(self) -> Reply:
        return Reply(503, b"", transport=Transport.RESET, close_port_for_s=self.for_s, port_silent=self.silent)
