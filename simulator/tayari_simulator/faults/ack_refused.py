"""`ack_refused`: a refusal that looks like a success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from tayari_simulator.catalogue.errors import REQUEST_ID
from tayari_simulator.faults.base import AckFault
from tayari_simulator.state.behaviour import Reply

REFUSED: Final = orjson.dumps({
    "MerchantRequestID": REQUEST_ID,
    "CheckoutRequestID": "",
    "ResponseCode": "1",
    "ResponseDescription": "Rejected",
    "CustomerMessage": "Rejected",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AckRefused(AckFault):
    """Answer 200 with `ResponseCode` "1"; no payment exists.

    Source: reference 6-37 (a documented possibility without a sample; the wording is assumed).
    """

    def instead(self) -> Reply:
        return Reply(200, REFUSED)
