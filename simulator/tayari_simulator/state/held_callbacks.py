"""Callbacks that wait until the merchant has answered its customer, so that none overtakes a slow answer by chance."""

from __future__ import annotations

from typing import Final

from tayari_simulator.state.agenda import Agenda
from tayari_simulator.state.behaviour import Delivery

LOOK_S: Final = 0.05
"""A held callback looks so often whether it may go."""


class Holding:
    """The phones whose callbacks are held. What is held stays on the agenda: nothing is lost, and all is counted."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._until_s: dict[str, float] = {}

    def hold(self, msisdn: str, for_s: float, now_s: float) -> None:
        """Callbacks of this phone's payments wait for so long at most; 0 lets them go, the held ones at once."""
        if for_s:
            self._until_s[msisdn] = now_s + for_s
        else:
            self._until_s.pop(msisdn, None)

    def keeps(self, delivery: Delivery, now_s: float) -> bool:
        """Whether this delivery, whose moment has come, has to wait; then it is planned again."""
        if not self._until_s:
            return False
        until_s = self._until_s.get(delivery.msisdn)
        if until_s is None:
            return False
        if until_s <= now_s:
            del self._until_s[delivery.msisdn]
            return False
        delivery.due_s = min(until_s, now_s + LOOK_S)
        self._agenda.add(delivery.due_s, delivery)
        return True

    def clear(self) -> None:
        """Nobody's callbacks are held."""
        self._until_s.clear()
