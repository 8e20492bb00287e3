"""What one process knows of the others: the table, the ways to them, and what must be the same everywhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from tayari_simulator.cluster.frames import FrameKind, Passed, call_bytes, read_reply
from tayari_simulator.cluster.links import Link, PeerGone
from tayari_simulator.cluster.owning import Table
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.core.behaviour import Reply

log = logging.getLogger(__name__)

Answers = Callable[[Any], Any]


class Together:
    """The others, as one process sees them."""

    def __init__(self, seat: Seat) -> None:
        self.index = seat.index
        self._secret = seat.secret
        self._links: dict[int, Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.table = Table(0, {}, ())
        self.answers: dict[str, Answers] = {}
        """What is answered to a small message, by its name."""

    def seated(self, table: Table) -> None:
        """Take over a newer table."""
        if table.version <= self.table.version:
            return
        self.table = table
        for index, link in list(self._links.items()):
            if table.nodes.get(index) != link.node:
                self._links.pop(index).close()
        for index, node in table.nodes.items():
            if index != self.index and index not in self._links:
                self._links[index] = Link(node, self._secret)

    @property
    def leads(self) -> bool:
        """Whether what has no owner belongs to this process."""
        return self.table.lead == self.index

    async def pass_on(self, owner: int, passed: Passed) -> Reply:
        """The owner's reply to a call.

        Raises:
            PeerGone: it cannot be had.
        """
        link = self._links.get(owner)
        if link is None:
            raise PeerGone(f"process {owner} is not there")
        return read_reply(await link.call(FrameKind.CALL, call_bytes(passed)))

    async def ask_lead(self, what: str, told: Any = None) -> Any:
        """Ask the first process something; None when it is gone."""
        link = self._links.get(self.table.lead)
        try:
            return await link.ask(what, told) if link is not None else None
        except PeerGone as gone:
            log.warning("%s", gone)
            return None

    async def tell_all(self, what: str, told: Any = None) -> None:
        """Tell all others, and wait until they know. Who is gone is told when it comes back, by who starts it."""
        await asyncio.gather(*(self._tell(link, what, told) for link in list(self._links.values())))

    def tell_soon(self, what: str, told: Any = None, *, only: int | None = None) -> None:
        """The same, without waiting; with `only` it is told to that process."""
        links = [link for index, link in self._links.items() if only in (None, index)]
        for link in links:
            task = asyncio.get_running_loop().create_task(self._tell(link, what, told))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def answer(self, what: str, told: Any) -> Any:
        """Answer a small message of another process."""
        answers = self.answers.get(what)
        return None if answers is None else answers(told)

    def close(self) -> None:
        """Drop all connections."""
        for link in self._links.values():
            link.close()

    async def _tell(self, link: Link, what: str, told: Any) -> None:
        try:
            await link.ask(what, told)
        except PeerGone as gone:
            log.warning("%s; it was not told: %s", gone, what)
