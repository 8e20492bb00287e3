"""First calls of new connections: a turn of the event loop reads a share of them, and later turns read the rest."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

SHARE_S: Final = 0.002
"""How much of one turn goes to new connections, while others wait. One first call takes 0.02 to 0.3 ms."""

Step = Callable[[], None]


def in_next_turn(step: Step) -> None:
    """Have the event loop do something in its next turn."""
    asyncio.get_running_loop().call_soon(step)


class NewCallers:
    """Connections that have had no good answer yet, in the order in which they sent something.

    A turn of uvloop takes all connections that wait and reads from each. A burst of 300 malformed calls then held
    the loop for up to 0.4 s, in which no other caller had an answer.
    """

    def __init__(
        self, later: Callable[[Step], None] = in_next_turn, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._later = later
        self._clock = clock
        self._waiting: OrderedDict[Step, None] = OrderedDict()
        """How to read what each has sent; no caller is in it twice."""
        self._left_s = SHARE_S
        self._has_next_turn = False

    def read(self, step: Step) -> None:
        """Read from a connection now if this turn has time left for new ones, else in a later turn."""
        if self._waiting or self._left_s <= 0:
            self._waiting[step] = None
        else:
            self._read(step)
        self._plan_next_turn()

    def wait(self, step: Step) -> None:
        """Read from a connection in a later turn."""
        self._waiting[step] = None
        self._plan_next_turn()

    def _read(self, step: Step) -> None:
        began = self._clock()
        step()
        self._left_s -= self._clock() - began

    def _plan_next_turn(self) -> None:
        if not self._has_next_turn:
            self._has_next_turn = True
            self._later(self._next_turn)

    def _next_turn(self) -> None:
        self._has_next_turn = False
        self._left_s = SHARE_S
        try:
            while self._waiting and self._left_s > 0:
                self._read(self._waiting.popitem(last=False)[0])
        finally:  # a defect in reading one connection leaves the others their turn
            if self._waiting:
                self._plan_next_turn()
