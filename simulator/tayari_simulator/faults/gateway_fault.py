"""`gateway_fault`: Apigee's envelope instead of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS
from tayari_simulator.faults.base import GatewayFaultName, Refusing, TableFault
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class GatewayFault(TableFault):
    """Refuse in the gateway's words; Daraja never sees the call. `status` replaces that of the fault.

    `retry_after_s` adds a header that was not seen live.
    """

    fault: GatewayFaultName
    retry_after_s: Seconds | None = None
    status: Refusing | None = None

    def instead(self) -> Reply:
        reply = GATEWAY_FAULTS[self.fault].reply(retry_after_s=self.retry_after_s)
        reply.status = self.status or reply.status
        return reply
