"""The workers of a load that can take its plan. Locust counts a worker as ready before that, when it is connected."""

from __future__ import annotations

import logging
from collections.abc import Set
from typing import Final

import gevent

LISTEN_S: Final = 20.0
"""How long a master waits until its workers can take the plan."""

_log = logging.getLogger("tayari.load")


class ListeningWorkers:
    """Names of workers. A worker without the plan would let each user pay again and again, whatever the rate is."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, name: str) -> None:
        """This worker can take a plan."""
        self._names.add(name)

    def deaf(self, workers: Set[str], *, within_s: float = LISTEN_S) -> int:
        """Wait until all of these workers listen; the number of those that do not in time."""
        with gevent.Timeout(within_s, False):
            while not workers <= self._names:
                gevent.sleep(0.02)
        deaf = len(workers - self._names)
        if deaf:
            _log.error(
                "%d of %d workers took no plan within %g s, so the run proves nothing; expected workers of this "
                "version of Tayari (`tayari load --worker`)", deaf, len(workers), within_s,
            )  # fmt: skip
        return deaf
