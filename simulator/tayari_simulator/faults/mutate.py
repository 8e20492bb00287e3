"""`mutate`: the callback's body is changed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.faults.change import Change
from tayari_simulator.state.behaviour import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutate(CallbackFault):
    """Set and drop places of the callback's body, and order its metadata items; the payment's state does not change."""

    set: Mapping[str, object] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        """The change to make, as the control API makes it too."""
        return Change(set=self.set, drop=self.drop, order=self.order)

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """The same deliveries, changed. A place that this body lacks is left, and the note says so."""
        return tuple(self._changed(delivery) for delivery in deliveries)

    def _changed(self, delivery: Delivery) -> Delivery:
        missed: list[str] = []
        body = self.change.apply_where_possible(delivery.body, missed)
        return replace(delivery, body=body, note="; ".join(["mutated", *missed]))
