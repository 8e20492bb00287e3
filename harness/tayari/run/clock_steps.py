"""Steps of this machine's clock during a run: times of the merchant and of M-Pesa cannot be compared across one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_STEP_S: Final = 1.0
"""A step of this length can turn an order of events round."""
_DRIFT: Final = 0.001
"""A time service that corrects a clock smoothly changes its rate by half of this at most."""


class ClockSteps:
    """Compares the wall clock with the monotonic clock; `look` is called again and again while the run lasts."""

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._expected = (wall(), steady())
        self._steps: list[float] = []

    def look(self) -> None:
        """Note a step since the last look."""
        wall, steady = self._wall(), self._steady()
        passed = steady - self._expected[1]
        off = wall - self._expected[0] - passed
        if abs(off) > _STEP_S + _DRIFT * passed:
            self._steps.append(off)
            self._expected = (wall, steady)

    def problem(self) -> str:
        """Why the run proves nothing; an empty text when the clock kept still."""
        self.look()
        if not self._steps:
            return ""
        steps = ", ".join(f"{step:+.1f} s" for step in self._steps[:5])
        return f"this machine's clock was set, or it slept, during the run ({steps}), so that times cannot be compared"
