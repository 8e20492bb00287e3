"""Work that goes on after the reply."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("duka")


class Work:
    """Background tasks: kept from the garbage collector, logged when they break, stopped at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Rows say what is left to do: the next start takes it up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("background work failed", exc_info=error)


class Workers:
    """How many processes serve the shop. They share its port and its database, and nothing else."""

    count = 1

    def divide(self) -> None:
        """Become this many processes; each goes on from here."""
        for _ in range(self.count - 1):
            if os.fork() == 0:
                return
