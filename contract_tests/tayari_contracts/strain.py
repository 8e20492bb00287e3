"""Whether the merchant, or this machine, is strained by many checks at once: then a check that misses something may
have the crowd to blame, and not the rule that it judges."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event, Lock, Thread
from typing import Final

SLOW_S: Final = 1.0
"""A look at a payment's state that takes longer was not answered by a merchant at ease."""
FIRST: Final = 4
"""So many first looks say how quick the merchant is when it is not crowded."""
RECENT: Final = 8
TIMES_SLOWER: Final = 4.0
NOTICEABLE_S: Final = 0.3
LOOK_EVERY_S: Final = 0.05
AT_FIRST: Final = 3
"""So many payments are started at once before the first is answered."""
LATE_S: Final = 0.5
"""A thread that is woken so much too late shares its processor with too much else."""


class Pace:
    """How fast one kind of call is answered, at first and lately."""

    def __init__(self, *, noticeable_s: float) -> None:
        self._noticeable_s = noticeable_s
        self._first: list[float] = []
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, seconds: float) -> None:
        """One more was answered after so long."""
        if len(self._first) < FIRST:
            self._first.append(seconds)
        self._recent.append(seconds)

    @property
    def falls(self) -> bool:
        """Whether the answers have become clearly slower than they were at first."""
        if len(self._recent) < RECENT:
            return False
        now_s = median(self._recent)
        return now_s > self._noticeable_s and now_s > TIMES_SLOWER * median(self._first)


class Strain:
    """Collects how fast the merchant answers, and how late this process is woken. Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._looks = Pace(noticeable_s=NOTICEABLE_S)
        self._starts = Pace(noticeable_s=SLOW_S)
        self._under_way = 0
        self._answered = 0
        self._slowest_s = 0.0
        self._unanswered = 0
        self._late_s = 0.0
        self._over = Event()
        self._watcher: Thread | None = None

    def begin(self) -> None:
        """Watch this process until `end`."""
        self._watcher = Thread(target=self._watch, name="tayari-strain", daemon=True)
        self._watcher.start()

    def end(self) -> None:
        """Watch no longer."""
        self._over.set()

    def answered(self, seconds: float, *, well: bool) -> None:
        """The merchant was asked for a payment's state and took so long; not `well`: no answer, or a crash."""
        with self._lock:
            self._looks.add(seconds)
            self._slowest_s = max(self._slowest_s, seconds)
            self._unanswered += not well

    @contextmanager
    def starting(self, *, ordinary: bool) -> Iterator[None]:
        """While the block runs, the start of a payment is under way; how long an ordinary one takes tells of strain."""
        began = self._now()
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._answered += 1
                if ordinary:
                    self._starts.add(self._now() - began)

    @property
    def growing(self) -> bool:
        """Whether the merchant has become clearly slower than it was at first: then nothing more should begin."""
        with self._lock:
            return self._looks.falls or self._starts.falls

    @property
    def full(self) -> bool:
        """Whether as many starts are under way as the merchant is known to bear: more, the more it has answered."""
        with self._lock:
            return self._under_way >= AT_FIRST + self._answered

    @property
    def machine(self) -> str:
        """How this machine was overloaded; empty when it was not."""
        return f"this machine was overloaded (checks were woken up to {self._late_s:.1f} s late)" if self.late else ""

    @property
    def late(self) -> bool:
        """Whether this process was not given its processor in time."""
        return self._late_s > LATE_S

    @property
    def merchant(self) -> str:
        """How the merchant showed strain; empty when it did not."""
        with self._lock:
            if self._unanswered:
                return f"{self._unanswered} looks at a payment's state were not answered, or with a crash"
            if self._slowest_s > SLOW_S:
                return f"a look at a payment's state took up to {self._slowest_s:.1f} s"
        return ""

    def _watch(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            self._over.wait(LOOK_EVERY_S)
            if not self._over.is_set():
                self._late_s = max(self._late_s, time.monotonic() - began - LOOK_EVERY_S)
