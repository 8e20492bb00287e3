"""`duplicate`: the same callback more than once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import AtLeast, AtMost, SecondsOrNone


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(CallbackFault):
    """Deliver `count` times in all, `gap_s` seconds apart, or with `parallel` all at once."""

    count: Annotated[int, AtLeast(2), AtMost(100)] = 2
    gap_s: SecondsOrNone = 1.0
    parallel: bool = False

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        gap_s = 0.0 if self.parallel else self.gap_s
        return tuple(
            replace(delivery, due_s=delivery.due_s + number * gap_s, note=f"duplicate {number + 1} of {self.count}")
            for delivery in deliveries
            for number in range(self.count)
        )
