"""Callbacks that wait until another payment's callback has gone, whichever process sends that one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tayari_simulator.cluster.together import Together
from tayari_simulator.core.agenda import Agenda
from tayari_simulator.core.behaviour import Delivery
from tayari_simulator.core.overtaking import Overtaking


class NodeOvertaking(Overtaking):
    """Tells the others when something waits here, and is told by them when a callback has left there."""

    def __init__(self, agenda: Agenda, together: Together, *, before: Overtaking, released: Callable[[], None]) -> None:
        """Go on with what waits in `before`. `released` is called when another process's callback planned something."""
        super().__init__(agenda)
        self._waiting |= before._waiting
        self._together = together
        self._released = released
        self._told_by: set[int] = set()
        """Processes where something waits."""
        together.answers["callback_waits"] = self._told_by.add
        together.answers["callback_left"] = self._left_elsewhere

    def wait(self, delivery: Delivery) -> None:
        """Plan a delivery that waits."""
        super().wait(delivery)
        self._together.tell_soon("callback_waits", self._together.index)

    def leaves(self, delivery: Delivery, now_s: float) -> bool:
        """Whether this delivery is to be sent."""
        sent = super().leaves(delivery, now_s)
        if sent and self._told_by:
            for index in self._told_by:
                self._together.tell_soon("callback_left", [delivery.checkout_request_id, now_s], only=index)
            self._told_by.clear()
        return sent

    def _left_elsewhere(self, told: Any) -> None:
        self.overtaken_by(*told)
        self._released()
