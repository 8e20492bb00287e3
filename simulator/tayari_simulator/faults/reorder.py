"""`reorder`: a later payment's callback comes first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class Reorder(CallbackFault):
    """Send the callback `gap_s` seconds after that of another payment; if none comes, `within_s` after its own time."""

    within_s: Seconds = 10.0
    gap_s: Seconds = 0.2

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        return tuple(
            replace(delivery, due_s=delivery.due_s + self.within_s, overtaken_gap_s=self.gap_s, note="reordered")
            for delivery in deliveries
        )
