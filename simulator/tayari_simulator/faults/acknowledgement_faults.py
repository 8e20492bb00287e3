"""Faults of the acknowledgement of a transaction: late, lost, refused, without its id, or after its callback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

import orjson

from tayari_simulator.catalogue.errors import REQUEST_ID
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS
from tayari_simulator.faults.base import AckFault
from tayari_simulator.faults.delays import DelayForm
from tayari_simulator.state.behaviour import NO_DELAY, Behaviour, DelayDistribution, Fixed, Reply, Transport
from tayari_simulator.strict_reading import AtLeast, AtMost, Seconds

TIMEOUT: Final = GATEWAY_FAULTS["gateway_timeout"]
REFUSED: Final = orjson.dumps({
    "MerchantRequestID": REQUEST_ID,
    "CheckoutRequestID": "",
    "ResponseCode": "1",
    "ResponseDescription": "Rejected",
    "CustomerMessage": "Rejected",
})  # fmt: skip
WITHOUT_ID: Final = orjson.dumps({
    "MerchantRequestID": REQUEST_ID,
    "ResponseCode": "0",
    "ResponseDescription": "Success. Request accepted for processing",
    "CustomerMessage": "Success. Request accepted for processing",
})  # fmt: skip
_BEFORE_ACK: Final[DelayDistribution] = Fixed(1.0)


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


@dataclass(frozen=True, slots=True)
class AckLate(AckFault):
    """Accept at once and acknowledge `by_s` seconds later; the outcome does not wait for it."""

    by_s: Seconds

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.by_s


@dataclass(frozen=True, slots=True)
class AckRefused(AckFault):
    """Answer 200 with `ResponseCode` "1"; no payment exists.

    Source: reference 6-37 (a documented possibility without a sample; the wording is assumed).
    """

    def instead(self) -> Reply:
        return Reply(200, REFUSED)


@dataclass(frozen=True, slots=True)
class AckWithoutId(AckFault):
    """Acknowledge without a `CheckoutRequestID`; no payment exists.

    Source: reference 5.3 A03 (engineering judgement; no capture).
    """

    def instead(self) -> Reply:
        return Reply(200, WITHOUT_ID)


_AT: Final[DelayDistribution] = Fixed(1.0)


@dataclass(frozen=True, slots=True)
class BeforeAck(AckFault):
    """Hold the acknowledgement for `hold_s` seconds and call back `callback_at_s` seconds after the request.

    Source: reference 1.9 (order).
    """

    hold_s: Seconds = 3.0
    callback_at_s: DelayForm = _BEFORE_ACK

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        first, *later = behaviour.steps
        early = replace(first, after=self.callback_at_s, callback_after=NO_DELAY)
        return replace(behaviour, steps=(early, *later))

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.hold_s
