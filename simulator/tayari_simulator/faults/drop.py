"""`drop`: the callback is not sent."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.core.behaviour import Delivery
from tayari_simulator.faults.base import CallbackFault


@dataclass(frozen=True, slots=True)
class Drop(CallbackFault):
    """Send no callback for this result; the query answers all the same."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:  # noqa: ARG002 - the hook's shape
        """Nothing to deliver."""
        return ()
