"""What the one control API stands on: who the processes are, and how all of them are told one thing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tayari_simulator.cluster.asking import Asking, Question, Said, process_gone
from tayari_simulator.cluster.owning import Node, Table
from tayari_simulator.cluster.redis_store import StoreGone
from tayari_simulator.cluster.remembering import Remembered
from tayari_simulator.cluster.stepping import Stepping
from tayari_simulator.control.refusals import Refusal

Json = dict[str, Any]

BACK_S: Final = 10.0
"""So long a process that is being started again is waited for."""
LOOK_S: Final = 0.05


class Crew(Protocol):
    """Who the processes are, now."""

    @property
    def table(self) -> Table: ...

    @property
    def expected(self) -> int:
        """How many there should be."""

    @property
    def given_up(self) -> set[int]:
        """Those that are not started again."""

    @property
    def died(self) -> list[Json]:
        """The last known balances of those that took payments along."""

    def present(self) -> list[Node]:
        """Those that can be asked, the first one first."""

    def metrics(self) -> dict[str, float]: ...


class Common(Protocol):
    """Where several hosts keep what was set over the control API of any of them."""

    def alone(self) -> AbstractAsyncContextManager[None]: ...

    async def switches(self) -> bytes: ...

    async def set_switches(self, value: bytes) -> None: ...


@dataclass(slots=True)
class Front:
    """What the rows work with."""

    crew: Crew
    asking: Asking
    remembered: Remembered
    stepping: Stepping
    url: str = ""
    common: Common | None = None
    """What several hosts have in common."""
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while all are told something, and while one comes back: it must hear of everything once."""

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """One change at a time, over all hosts. Raises Refusal: what they have in common cannot be reached."""
        async with self.changing:
            if self.common is None:
                yield
                return
            try:
                async with self.common.alone():
                    self.remembered.load(await self.common.switches())
                    yield
                    await self.common.set_switches(self.remembered.to_json())
            except StoreGone as error:
                raise Refusal(503, "redis_gone", str(error)) from error

    async def node(self, index: int) -> Node:
        """The process of this number; one that is being started again is waited for. Raises Refusal."""
        end = time.monotonic() + BACK_S
        while True:
            for node in self.crew.present():
                if node.index == index:
                    return node
            if time.monotonic() > end or index in self.crew.given_up:
                raise process_gone(index)
            await asyncio.sleep(LOOK_S)

    async def owner(self, key: str | None) -> Node:
        """Who owns an MSISDN or a CheckoutRequestID; without one, the first process. Raises Refusal."""
        table = self.crew.table
        return await self.node(table.owner_of(key) if key is not None else table.lead)

    async def all(self) -> list[Node]:
        """All of them. Raises Refusal: one is missing, so that what is asked of all cannot be done."""
        return [await self.node(index) for index in range(self.crew.expected)]


async def tell_all(front: Front, question: Question) -> list[Said]:
    """Ask the first, then the others; what they were told is kept for those that come later."""
    await front.all()  # before the lock: one that comes back needs it
    async with front.change():
        present = front.crew.present()
        missing = set(range(front.crew.expected)) - {node.index for node in present}
        if missing:
            raise process_gone(min(missing))
        first, *others = present
        said = [await front.asking.one(first, question)]
        if said[0].ok:
            said += await front.asking.each(others, question)
            refused = next((row for row in said if not row.ok), None)
            if refused is not None:
                return [refused]
            front.remembered.note(question, said[0])
        return said
