"""`POST /v1/clock/advance` over several processes: a manual clock that shows the same time in all of them.

The next moment is the earliest of any process. First every clock is put there, then what is due happens everywhere, so
that a merchant whom one process calls back finds the same time at every other one.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tayari_simulator.cluster.asking import Asking, Question
from tayari_simulator.cluster.owning import Node
from tayari_simulator.http.advancing import MOST_MOMENTS

Json = dict[str, Any]

NEVER: Final = float("inf")


class Stepping:
    """Moves all clocks, one caller at a time."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._lock = asyncio.Lock()
        self.shown_s: float | None = None
        """What the clocks show, once they were moved."""

    async def advance(self, nodes: list[Node], *, by_s: float | None, to_next: bool) -> Json:
        """Move by so many seconds, to the next moment, or (neither) until nothing is planned: `now_s`, `fired`."""
        async with self._lock:
            now_s, next_s = await self._look(nodes)
            end_s = now_s + by_s if by_s is not None else NEVER
            moments, fired = (1 if to_next else MOST_MOMENTS), 0
            while moments > 0 and next_s <= end_s and next_s < NEVER:
                await self._place(nodes, next_s)
                fired += await self._fire(nodes)
                moments -= 1
                now_s, next_s = await self._look(nodes)
            if by_s is not None:
                await self._place(nodes, end_s)
                now_s = end_s
            return {"now_s": now_s, "fired": fired}

    async def catch_up(self, node: Node) -> None:
        """Put the clock of a process that has come later to where the others' are."""
        if self.shown_s is not None:
            await self._place([node], self.shown_s)

    async def _look(self, nodes: list[Node]) -> tuple[float, float]:
        told = [said.json() for said in await self._asking.each(nodes, Question.get("/v1/process"))]
        due = [row["next_due_s"] for row in told if row["next_due_s"] is not None]
        return max(row["now_s"] for row in told), min(due, default=NEVER)

    async def _place(self, nodes: list[Node], when_s: float) -> None:
        self.shown_s = when_s
        await self._asking.each(nodes, Question.post("/v1/process/clock", {"to_s": when_s}))

    async def _fire(self, nodes: list[Node]) -> int:
        said = await self._asking.each(nodes, Question.post("/v1/process/fire"))
        return sum(row.json()["fired"] for row in said)
