"""What is still to happen, in order of its time: one heap for all results and callbacks, and callbacks that wait."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.transactions import Transaction

Begin = Callable[[float], None]
"""An event that begins on a later day, such as the debits of a standing order. It is called with the time."""
Plan = Transaction | Delivery | Begin
"""A payment (its next result falls due), a delivery (it is sent), or what begins."""

NEVER: Final = float("inf")


class Schedule:
    """Two heaps of plans. Plans of the same moment keep the order in which they were made; what begins comes last.

    What begins has a heap of its own: thousands of standing orders wait for their day, and cost other plans nothing.
    """

    __slots__ = ("_begins", "_heap", "_made", "next_s")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Plan]] = []
        self._begins: list[tuple[float, int, Plan]] = []
        self._made = 0
        self.next_s = NEVER
        """When the next plan is due; `NEVER` when there is none."""

    def __len__(self) -> int:
        """How many results and deliveries. Events of a later day do not count: a simulator is idle meanwhile."""
        return len(self._heap)

    def add(self, due_s: float, plan: Transaction | Delivery) -> None:
        """Plan a result or a delivery for `due_s`."""
        self._made += 1
        heapq.heappush(self._heap, (due_s, self._made, plan))
        if due_s < self.next_s:  # noqa: PLR1730 - `min` takes three times as long
            self.next_s = due_s

    def bring_forward(self, plan: Transaction | Delivery, due_s: float) -> None:
        """Let a plan that is on the schedule happen at `due_s` instead. Looks through all of it: for rare events."""
        self._heap = [row for row in self._heap if row[2] is not plan]
        heapq.heapify(self._heap)
        self._note_next()
        self.add(due_s, plan)

    def add_begin(self, due_s: float, begin: Begin) -> None:
        """Plan what begins at `due_s`."""
        self._made += 1
        heapq.heappush(self._begins, (due_s, self._made, begin))
        self._note_next()

    def pop_due(self, now_s: float) -> tuple[float, int, Plan] | None:
        """Take the next plan if its time has come: its moment, its number, and itself."""
        if self.next_s > now_s:
            return None
        heap = self._heap
        if not self._begins:
            popped = heapq.heappop(heap)
            self.next_s = heap[0][0] if heap else NEVER
            return popped
        popped = heapq.heappop(heap if heap and heap[0][0] <= self._begins[0][0] else self._begins)
        self._note_next()
        return popped

    def clear(self) -> None:
        """Forget all plans."""
        self._heap.clear()
        self._begins.clear()
        self.next_s = NEVER

    def _note_next(self) -> None:
        self.next_s = self._heap[0][0] if self._heap else NEVER
        if self._begins and self._begins[0][0] < self.next_s:
            self.next_s = self._begins[0][0]


LOOK_S: Final = 0.05
"""A held callback looks so often whether it may go."""


class WaitingCallbacks:
    """Callbacks whose moment came and that wait: a test holds those of a phone, or a scenario lets others go first.

    What waits stays on the schedule, at its latest moment: nothing is lost, and all is counted.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._held_until_s: dict[str, float] = {}
        """By phone."""
        self._overtaken: dict[int, Delivery] = {}
        """Those that another payment's callback shall overtake. By identity: equal deliveries are not the same one."""
        self._gone: set[int] = set()
        """Still on the schedule, but sent already."""

    def hold(self, msisdn: str, for_s: float, now_s: float) -> None:
        """Callbacks of this phone's payments wait for this time at most; 0 lets them go, the held ones at once."""
        if for_s:
            self._held_until_s[msisdn] = now_s + for_s
        else:
            self._held_until_s.pop(msisdn, None)

    def let_overtake(self, delivery: Delivery) -> None:
        """Plan a delivery that waits for another payment's callback; `due_s` is when it stops waiting."""
        self._overtaken[id(delivery)] = delivery
        self._schedule.add(delivery.due_s, delivery)

    def leaves(self, delivery: Delivery, now_s: float) -> bool:
        """Whether this delivery, whose moment has come, is sent now; those that wait for one are planned after it."""
        if not (self._held_until_s or self._overtaken or self._gone):
            return True
        if self._is_held(delivery, now_s):
            return False
        if id(delivery) in self._gone:
            self._gone.remove(id(delivery))
            return False
        self._overtaken.pop(id(delivery), None)
        self._release_for(delivery.transaction_id, now_s)
        return True

    def _is_held(self, delivery: Delivery, now_s: float) -> bool:
        """Whether a test holds the callbacks of its phone; then it is planned again."""
        until_s = self._held_until_s.get(delivery.msisdn)
        if until_s is None:
            return False
        if until_s <= now_s:
            del self._held_until_s[delivery.msisdn]
            return False
        delivery.due_s = min(until_s, now_s + LOOK_S)
        self._schedule.add(delivery.due_s, delivery)
        return True

    def _release_for(self, transaction_id: str, now_s: float) -> None:
        """A callback of this payment is sent: those of other payments that wait for one are planned after it."""
        for other in list(self._overtaken.values()):
            if other.transaction_id != transaction_id and other.overtaken_gap_s is not None:
                del self._overtaken[id(other)]
                self._gone.add(id(other))
                early = replace(other, due_s=now_s + other.overtaken_gap_s, overtaken_gap_s=None)
                self._schedule.add(early.due_s, early)

    @property
    def gone(self) -> int:
        """How many plans of the schedule are of deliveries that were sent already."""
        return len(self._gone)

    def clear(self) -> None:
        """Nothing waits; the caller clears the schedule."""
        self._held_until_s.clear()
        self._overtaken.clear()
        self._gone.clear()
