"""Callbacks that are sent after a later payment's callback."""

from __future__ import annotations

from dataclasses import replace

from tayari_simulator.state.agenda import Agenda
from tayari_simulator.state.behaviour import Delivery


class Reordering:
    """The deliveries that wait for another payment's callback. Each is on the agenda too, at its latest moment."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._waiting: dict[int, Delivery] = {}
        """By identity: equal deliveries are not the same one."""
        self._gone: set[int] = set()
        """Still on the agenda, but sent already."""

    def wait(self, delivery: Delivery) -> None:
        """Plan a delivery that waits; `due_s` is when it stops waiting."""
        self._waiting[id(delivery)] = delivery
        self._agenda.add(delivery.due_s, delivery)

    def leaves(self, delivery: Delivery, now_s: float) -> bool:
        """Whether this delivery, whose moment has come, is to be sent; those that wait for one are planned after it."""
        if not self._waiting and not self._gone:
            return True
        if id(delivery) in self._gone:
            self._gone.remove(id(delivery))
            return False
        self._waiting.pop(id(delivery), None)
        self._release_for(delivery.transaction_id, now_s)
        return True

    def _release_for(self, transaction_id: str, now_s: float) -> None:
        """A callback of this payment is sent: those of other payments that wait for one are planned after it."""
        for other in list(self._waiting.values()):
            if other.transaction_id != transaction_id and other.overtaken_gap_s is not None:
                del self._waiting[id(other)]
                self._gone.add(id(other))
                early = replace(other, due_s=now_s + other.overtaken_gap_s, overtaken_gap_s=None)
                self._agenda.add(early.due_s, early)

    @property
    def gone(self) -> int:
        """How many plans of the agenda are of deliveries that were sent already."""
        return len(self._gone)

    def clear(self) -> None:
        """Forget all waiting deliveries; the caller clears the agenda."""
        self._waiting.clear()
        self._gone.clear()
