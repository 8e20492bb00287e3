"""`forge`: a stranger sends a callback of the payment's making before Daraja does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import orjson

from tayari_simulator.catalogue.results import find, wire_form
from tayari_simulator.faults.base import STRANGER, CallbackFault
from tayari_simulator.faults.parameters import Address, ResultCode
from tayari_simulator.reading.record import Seconds
from tayari_simulator.state.behaviour import Delivery

RECEIPT: Final = "FAKE000001"


class Whose(StrEnum):
    """The `CheckoutRequestID` of a forged callback."""

    OWN = "own"
    """The payment's own: what someone knows who has seen the acknowledgement."""
    GUESSED = "guessed"
    """The same second and phone, another fraction: what someone can work out who knows when it was sent."""
    UNKNOWN = "unknown"
    """Of the right form, of no payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge(CallbackFault):
    """Before the true callback, by `gap_s` seconds, one that says `result_code`, under another id, from elsewhere.

    The source address is told in the configured source header only: a fake on loopback has no other address to give.
    """

    id: Whose = Whose.UNKNOWN
    result_code: ResultCode = 0
    gap_s: Seconds = 1.0
    source: Address = STRANGER

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """The forged delivery, then the true ones."""
        if not deliveries:
            return ()
        first = deliveries[0]
        note = f"forged: {self.id} id, from {self.source}"
        forged = replace(first, body=self._lie(first.body), note=note, forged_from=self.source)
        return (forged, *(replace(delivery, due_s=delivery.due_s + self.gap_s) for delivery in deliveries))

    def _lie(self, body: bytes) -> bytes:
        """The lie, made from the true body; where an earlier fault left nothing to make it from, that body itself."""
        try:
            told = orjson.loads(body)
            result = told["Body"]["stkCallback"]
            result["CheckoutRequestID"] = _another(str(result["CheckoutRequestID"]), self.id)
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
            return body
        result["ResultCode"] = wire_form(self.result_code)
        row = find(self.result_code)
        result["ResultDesc"] = row.text if row is not None and row.text else f"Result code {self.result_code}"
        result.pop("CallbackMetadata", None)
        if str(self.result_code) == "0":
            items = [{"Name": "Amount", "Value": 1}, {"Name": "MpesaReceiptNumber", "Value": RECEIPT}]
            result["CallbackMetadata"] = {"Item": items}
        return orjson.dumps(told)


def _another(identifier: str, whose: Whose) -> str:
    """An id of the same form. The fraction of the second and the phone are its last ten characters."""
    if whose is Whose.OWN:
        return identifier
    head, fraction, phone = identifier[:-10], identifier[-10], identifier[-9:]
    if whose is Whose.GUESSED:
        return f"{head}{(int(fraction) + 1) % 10}{phone}" if fraction.isdigit() else f"{head}0{phone}"
    return f"{head}{fraction}{phone[::-1]}" if phone != phone[::-1] else f"{head}{fraction}700000000"
