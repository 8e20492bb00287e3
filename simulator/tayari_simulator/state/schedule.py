"""What is still to happen, in order of its time: one heap for all results and callbacks, and callbacks that wait."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.transactions import Transaction

Plan = Transaction | Delivery
"""A payment (its next result falls due) or a delivery (it is sent)."""

NEVER: Final = float("inf")


class Schedule:
    """A heap of plans. Plans of the same moment keep the order in which they were made."""

    __slots__ = ("_heap", "_made", "next_s")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Plan]] = []
        self._made = 0
        self.next_s = NEVER
        """When the next plan is due; `NEVER` when there is none."""

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due_s: float, plan: Plan) -> None:
        """Plan something for `due_s`."""
        self._made += 1
        heapq.heappush(self._heap, (due_s, self._made, plan))
        if due_s < self.next_s:  # noqa: PLR1730 - `min` takes three times as long
            self.next_s = due_s

    def bring_forward(self, plan: Plan, due_s: float) -> None:
        """Let a plan that is on the schedule happen at `due_s` instead. Looks through all of it: for rare events."""
        self._heap = [row for row in self._heap if row[2] is not plan]
        heapq.heapify(self._heap)
        self.next_s = self._heap[0][0] if self._heap else NEVER
        self.add(due_s, plan)

    def pop_due(self, now_s: float) -> tuple[float, int, Plan] | None:
        """Take the next plan if its time has come: its moment, its number, and itself."""
        if self.next_s > now_s:
            return None
        popped = heapq.heappop(self._heap)
        self.next_s = self._heap[0][0] if self._heap else NEVER
        return popped

    def clear(self) -> None:
        """Forget all plans."""
        self._heap.clear()
        self.next_s = NEVER


class Calendar:
    """What begins by itself on a later day, such as the debits of a standing order.

    Nobody waits for it, so that it is not on the schedule: a simulator is idle although a debit is planned.
    """

    __slots__ = ("_heap", "_made", "next_s")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._made = 0
        self.next_s = NEVER
        """When the next thing begins; `NEVER` when there is none."""

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due_s: float, begin: Callable[[float], None]) -> None:
        """Plan something for `due_s`; it is told the time."""
        self._made += 1
        heapq.heappush(self._heap, (due_s, self._made, begin))
        self.next_s = self._heap[0][0]

    def begin_next(self) -> None:
        """Let the next thing begin, at the moment that was planned for it."""
        due_s, _, begin = heapq.heappop(self._heap)
        self.next_s = self._heap[0][0] if self._heap else NEVER
        begin(due_s)

    def clear(self) -> None:
        """Forget all of it."""
        self._heap.clear()
        self.next_s = NEVER


LOOK_S: Final = 0.05
"""A held callback looks so often whether it may go."""


class HeldCallbacks:
    """The phones whose callbacks are held. What is held stays on the schedule: nothing is lost, and all is counted."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
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
        self._schedule.add(delivery.due_s, delivery)
        return True

    def clear(self) -> None:
        """Nobody's callbacks are held."""
        self._until_s.clear()


class Reordering:
    """The deliveries that wait for another payment's callback. Each is on the schedule too, at its latest moment."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._waiting: dict[int, Delivery] = {}
        """By identity: equal deliveries are not the same one."""
        self._gone: set[int] = set()
        """Still on the schedule, but sent already."""

    def wait(self, delivery: Delivery) -> None:
        """Plan a delivery that waits; `due_s` is when it stops waiting."""
        self._waiting[id(delivery)] = delivery
        self._schedule.add(delivery.due_s, delivery)

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
                self._schedule.add(early.due_s, early)

    @property
    def gone(self) -> int:
        """How many plans of the schedule are of deliveries that were sent already."""
        return len(self._gone)

    def clear(self) -> None:
        """Forget all waiting deliveries; the caller clears the schedule."""
        self._waiting.clear()
        self._gone.clear()
