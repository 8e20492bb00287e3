"""The clock that all of a simulator goes by: real, scaled, or moved by hand.

Its seconds are since the epoch, so that one number serves for planning and for the dates that Daraja writes. They are
taken from `time.monotonic()`: an event loop's own time does not change within a turn.
"""

from __future__ import annotations

import time
from typing import Final


class ClockError(Exception):
    """A clock that does not exist; the message is one line."""


class Clock:
    """A clock that runs `speed` times as fast as the real one; 0: it does not run until it is moved.

    `start_s` is what it shows at first, seconds since the epoch; None: the time of day.
    """

    def __init__(self, name: str, speed: float, *, start_s: float | None = None) -> None:
        self.name = name
        self.speed = speed
        self._wall_s = time.time()
        self._start_s = self._wall_s if start_s is None else start_s
        self._started = time.monotonic()
        self._moved_s = 0.0

    @property
    def manual(self) -> bool:
        """Whether it is moved by hand."""
        return self.speed == 0.0

    def now_s(self) -> float:
        """Seconds since the epoch, by this clock."""
        if self.speed == 1.0:
            return self._start_s + (time.monotonic() - self._started)
        if self.manual:
            return self._start_s + self._moved_s
        return self._start_s + (time.monotonic() - self._started) * self.speed

    def wall_s(self) -> float:
        """Real seconds since the epoch; like `now_s`, never set back."""
        return self._wall_s + (time.monotonic() - self._started)

    def both_s(self) -> tuple[float, float]:
        """`now_s` and `wall_s` of one moment; of a real clock they are one number, looked up and kept once."""
        if self.speed == 1.0:
            now_s = self._start_s + (time.monotonic() - self._started)
            return now_s, now_s
        return self.now_s(), self.wall_s()

    def monotonic_at(self, when_s: float) -> float:
        """The value that `time.monotonic()` will have when this clock shows `when_s`; not for a manual clock."""
        return self._started + (when_s - self._start_s) / self.speed

    def real_s(self, delay_s: float) -> float:
        """How long a delay of this clock lasts for someone who waits for it; on a manual clock it is real already."""
        return delay_s if self.manual else delay_s / self.speed

    def begin_at(self, when_s: float) -> None:
        """Go on from an earlier process, so that time is not run through twice; a real clock is right already."""
        if self.speed != 1.0:
            self._start_s += max(0.0, when_s - self.now_s())

    def move_to(self, when_s: float) -> None:
        """Put a manual clock forward; never back."""
        self._moved_s = max(self._moved_s, when_s - self._start_s)


SHAPES: Final = "real, scaled:N (N times as fast), manual, or manual:SECONDS (since the epoch, to begin with)"


LEAST_S: Final = 1_262_304_000.0
MOST_S: Final = 4_102_444_800.0
"""2010 and 2100: between them the dates of receipts and results can be written."""


def make_clock(name: str) -> Clock:
    """The clock of this name.

    Raises:
        ClockError: no such clock.
    """
    if name == "real":
        return Clock(name, 1.0)
    if name == "manual":
        return Clock(name, 0.0)
    kind, _, text = name.partition(":")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if kind == "manual" and LEAST_S <= number <= MOST_S:
        return Clock(name, 0.0, start_s=number)
    speed = number if kind == "scaled" else 0.0
    if not 0.001 <= speed <= 100_000:
        raise ClockError(f"clock {name!r} does not exist; expected {SHAPES}")
    return Clock(name, speed)
