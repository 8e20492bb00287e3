"""What is still to happen, in order of its time: one heap for all results and callbacks."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.transactions import Transaction

Plan = Transaction | Delivery
"""A payment (its next result falls due) or a delivery (it is sent)."""

NEVER: Final = float("inf")


class Agenda:
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

    Nobody waits for it, so that it is not on the agenda: a simulator is idle although a debit is planned.
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
