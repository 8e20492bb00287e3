"""The open model: payments begin when they are planned to, whether or not the merchant is done with earlier ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Final

import gevent
from gevent.event import AsyncResult

Rate = Callable[[float], float]
"""Arrivals per second, by seconds since the start."""
_STEP_S: Final = 0.02
OVERDUE_S: Final = 0.25
"""An arrival that is later than this when the run ends is dropped: the generator was too slow for its plan."""


def steps(rate: Rate, *, until: Callable[[], float]) -> Iterator[tuple[float, list[float]]]:
    """Yield short steps of time, in order: the end of each, and the arrivals in it, in seconds since the start.

    The rate of a step is read when the step is asked for, so that it may change while the load runs.
    """
    number, due = 0, 0.5
    while (at := number * _STEP_S) < until():
        grown = max(0.0, rate(at) * _STEP_S)
        first = 1.0 - (due - int(due))
        count = int(due + grown) - int(due)
        yield at + _STEP_S, [at + _STEP_S * (first + each) / grown for each in range(count)]
        due += grown
        number += 1


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """Gives planned starts to idle users. Where no user is idle, it drops the arrival and counts it."""

    elapsed: Callable[[], float]
    """Seconds that only grow."""
    part: int = 0
    """This process takes the arrivals whose number, divided by `parts`, leaves this remainder."""
    parts: int = 1
    """The number of processes."""
    planned: int = 0
    dropped: int = 0
    ended: bool = False
    busy: int = 0
    most_busy: int = 0
    _coming: Generator[tuple[float, bool], None, None] | tuple[()] = ()
    _next: float | None = None
    """The arrival that is waited for now."""
    _idle: deque[AsyncResult] = field(default_factory=deque)

    @property
    def idle(self) -> int:
        """Users that wait for an arrival."""
        return len(self._idle)

    def take(self) -> float | None:
        """Wait for the next arrival: its planned start on the `elapsed` clock; None when there are no more."""
        if self.ended:
            return None
        waiting = AsyncResult()
        self._idle.append(waiting)
        try:
            planned: float | None = waiting.get()
        except BaseException:  # its greenlet is killed: no arrival may be given to it
            if waiting in self._idle:
                self._idle.remove(waiting)
            raise
        if planned is not None:
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        return planned

    def done(self) -> None:
        """A user has ended its payment."""
        self.busy -= 1

    def run(self, rate: Rate, *, until: Callable[[], float]) -> None:
        """Let payments arrive from now on for this many seconds, or until `end`."""
        self._coming = self._of_this_part(rate, until, began=self.elapsed())
        for at, arrives in self._coming:
            self._next = at if arrives else None
            if not self._waited(at):
                return
            self._next = None
            if arrives:
                self._arrive(at)

    def end(self) -> None:
        """Stop the arrivals. Those that should have come by now are dropped: this process was too slow for them."""
        if self.ended:
            return
        self.ended = True
        overdue = self.elapsed() - OVERDUE_S
        late = int(self._next is not None and self._next < overdue)
        for at, arrives in self._coming:
            if at > overdue:
                break
            late += arrives
        self.planned += late
        self.dropped += late

    def release(self) -> None:
        """Let go of the users that wait."""
        while self._idle:
            self._idle.popleft().set(None)

    def _of_this_part(
        self, rate: Rate, until: Callable[[], float], *, began: float
    ) -> Generator[tuple[float, bool], None, None]:
        """Yield moments on the `elapsed` clock: arrivals, and ends of steps, where the rate is read again."""
        number = 0
        for end, starts in steps(rate, until=until):
            for at in starts:
                number += 1
                if number % self.parts == self.part:
                    yield began + at, True
            yield began + end, False

    def _waited(self, until: float) -> bool:
        """Wait for this moment. Returns whether more arrivals may come then."""
        while not self.ended and (early := until - self.elapsed()) > 0:
            gevent.sleep(early)
        return not self.ended

    def _arrive(self, planned: float) -> None:
        self.planned += 1
        if self._idle:
            self._idle.popleft().set(planned)
        else:
            self.dropped += 1
