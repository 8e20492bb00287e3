"""`drop`: the callback is not sent."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.state.behaviour import Delivery


@dataclass(frozen=True, slots=True)
class Drop(CallbackFault):
    """Send no callback for this result; the query answers nevertheless."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:  # noqa: ARG002 - the hook's shape
        return ()
