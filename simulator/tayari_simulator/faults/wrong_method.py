"""`wrong_method`: the callback URL is called otherwise than by POST."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tayari_simulator.faults.base import STRANGER, CallbackFault, stranger
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import Seconds


class OtherMethod(StrEnum):
    """Methods that no callback has."""

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class WrongMethod(CallbackFault):
    """Call the URL by `method` first (PUT with the callback's body, the others with none); the callback is later.

    It stands for a link checker, a scanner or a proxy, `gap_s` seconds ahead: Daraja itself only posts.
    """

    method: OtherMethod = OtherMethod.GET
    gap_s: Seconds = 1.0

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        if not deliveries:
            return ()
        first = deliveries[0]
        body = first.body if self.method is OtherMethod.PUT else b""
        odd = stranger(first, STRANGER, method=self.method.value, body=body, note=f"by {self.method}, not POST")
        return (odd, *(replace(delivery, due_s=delivery.due_s + self.gap_s) for delivery in deliveries))
