"""`ack_lost`: accepted, but the merchant does not get the acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import orjson

from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS
from tayari_simulator.faults.base import AckFault
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.strict_reading import AtLeast, AtMost

TIMEOUT: Final = GATEWAY_FAULTS["gateway_timeout"]


@dataclass(frozen=True, slots=True)
class AckLost(AckFault):
    """Accept the payment and answer with the gateway's time-out under `status`; with `drop`, close the connection."""

    status: Annotated[int, AtLeast(500), AtMost(599)] = TIMEOUT.status
    drop: bool = False

    def shape(self, reply: Reply) -> None:
        reply.status = self.status
        reply.body = orjson.dumps(TIMEOUT.body)
        if self.drop:
            reply.transport = Transport.CLOSE
