"""Whether the merchant, or this machine, is strained by many checks at once: then a check that misses something may
have the crowd to blame, and not the rule that it judges."""

from __future__ import annotations

import time
from collections import deque
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
LATE_S: Final = 0.5
"""A thread that is woken so much too late shares its processor with too much else."""


class Strain:
    """Collects how fast the merchant answers, and how late this process is woken. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._first: list[float] = []
        self._recent: deque[float] = deque(maxlen=RECENT)
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
            if len(self._first) < FIRST:
                self._first.append(seconds)
            self._recent.append(seconds)
            self._slowest_s = max(self._slowest_s, seconds)
            self._unanswered += not well

    @property
    def growing(self) -> bool:
        """Whether the merchant has become clearly slower than it was at first: then nothing more should begin."""
        with self._lock:
            if len(self._recent) < RECENT:
                return False
            usual_s, now_s = median(self._first), median(self._recent)
        return now_s > NOTICEABLE_S and now_s > TIMES_SLOWER * usual_s

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
