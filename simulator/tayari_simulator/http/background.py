"""Work that runs beside the calls: it is repeated for ever, and a defect in it is counted and shown, never silent."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

LONGEST_LOGGED: Final = 10
"""So many failures of one piece of work are logged with their traceback; all are counted."""

log = logging.getLogger(__name__)


class Failures:
    """How often each piece of background work has failed. Any thread may note a failure."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, name: str) -> None:
        """Count the exception that is being handled."""
        self._counts[name] += 1
        if self._counts[name] <= LONGEST_LOGGED:
            log.exception("a defect of the simulator, in %s; it goes on", name)

    @property
    def counts(self) -> dict[str, int]:
        """Failures by name."""
        return dict(self._counts)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self._counts.values())


async def repeat(name: str, step: Callable[[], None], every_s: float, failures: Failures) -> None:
    """Do a step every so many seconds, until cancelled. A step that raises is noted, and the next one comes."""
    while True:
        await asyncio.sleep(every_s)
        try:
            step()
        except Exception:  # noqa: BLE001 - the edge of a background task
            failures.note(name)
