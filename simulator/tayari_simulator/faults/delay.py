"""`delay`: the callback comes later than the outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class Delay(CallbackFault):
    """Send the callback `by_s` seconds after its time."""

    by_s: Seconds

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        return tuple(replace(delivery, due_s=delivery.due_s + self.by_s) for delivery in deliveries)
