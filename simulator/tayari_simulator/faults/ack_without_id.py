"""`ack_without_id`: an acknowledgement that names no payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from tayari_simulator.catalogue.errors import REQUEST_ID
from tayari_simulator.faults.base import AckFault
from tayari_simulator.state.behaviour import Reply

WITHOUT_ID: Final = orjson.dumps({
    "MerchantRequestID": REQUEST_ID,
    "ResponseCode": "0",
    "ResponseDescription": "Success. Request accepted for processing",
    "CustomerMessage": "Success. Request accepted for processing",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AckWithoutId(AckFault):
    """Acknowledge without a `CheckoutRequestID`; no payment exists.

    Source: reference 5.3 A03 (engineering judgement; no capture).
    """

    def instead(self) -> Reply:
        return Reply(200, WITHOUT_ID)
