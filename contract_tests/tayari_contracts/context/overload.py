"""Watches whether many checks at once overload the merchant or this machine, and how many may run.

If a check misses something on an overloaded merchant, the other checks may be the cause.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from threading import Condition, Event, Lock, Thread
from typing import Final, Self

SIDE_BY_SIDE: Final = 8
"""The most checks that run at once on an instance. Development servers on SQLite refuse requests if there are more."""
FEWEST: Final = 2
"""The fewest checks at once on a merchant that crashes. One whose database is locked gets them one by one."""
SHRINK_EVERY_S: Final = 2.0
"""All signs within this time count as one."""
SLOW_S: Final = 1.0
"""A look at a payment's state that takes longer shows a busy merchant."""
FIRST: Final = 4
"""So many first answers show how quick the merchant is when few checks run."""
RECENT: Final = 8
"""So many latest answers show how quick it is now."""
TIMES_SLOWER: Final = 4.0
"""It has become clearly slower if these took so many times as long."""
NOTICEABLE_S: Final = 0.3
"""Looks below this time are never slow."""
LOOK_EVERY_S: Final = 0.05
"""How long the watching thread of a machine waits each time."""
AT_FIRST: Final = 3
"""This many payments are started at once before the first is answered."""
LATE_S: Final = 0.5
"""A thread that wakes up later than this shares its processor with too much other work."""
KEPT: Final = 1_000
"""How many late moments are kept."""

LOCKED: Final = re.compile(
    r"database (?:table )?is locked|SQLITE_BUSY|lock wait timeout exceeded|deadlock (?:found|detected)"
    r"|due to lock timeout|could not obtain lock|ORA-00060",
    re.IGNORECASE,
)
"""How SQLite, MySQL, PostgreSQL and Oracle say that one request waited too long for another's lock."""


def lock_named(text: str) -> str:
    """The words in a text that say that a database is locked; empty where there are none."""
    found = LOCKED.search(text)
    return found[0] if found else ""


class Pace:
    """How fast one kind of call is answered, at first and lately. Answers below `noticeable_s` are never slow."""

    def __init__(self, *, noticeable_s: float) -> None:
        self._noticeable_s = noticeable_s
        self._first: list[float] = []
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, seconds: float) -> None:
        """Add the time of one more answer."""
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


class StartGate:
    """Lets only a number of payments start at once; None: any number."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._within = 0
        self._changed = Condition()
        self.overlapped = False
        """Whether two starts were under way at once."""

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for a place, and hold it while the block runs."""
        with self._changed:
            self._changed.wait_for(lambda: self._most is None or self._within < self._most)
            self._within += 1
            self.overlapped = self.overlapped or self._within > 1
        try:
            yield
        finally:
            with self._changed:
                self._within -= 1
                self._changed.notify()


class MachineWatch:
    """Notes when threads of this process wake up late. A context manager: it watches while the block runs."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._over = Event()
        self._latest = deque[tuple[float, float]](maxlen=KEPT)
        self.lost_s = 0.0
        """Seconds in all in which this machine let nothing run, and a merchant on it had no time either."""
        self._watcher: Thread | None = None
        self.waits_since: float | None = None
        """When the watching thread last began to wait; None while it does not watch."""

    def __enter__(self) -> Self:
        self._watcher = Thread(target=self._watch, name="tayari-machine-watch", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def woken(self, late_s: float, *, at: float) -> None:
        """Note that a thread woke up so many seconds late, `at` this moment of the monotonic clock."""
        if late_s > LATE_S:
            self._latest.append((at, late_s))
            self.lost_s += late_s

    def since(self, began: float) -> str:
        """How this machine was overloaded since then (monotonic clock), in words; empty when it was not."""
        late = [late_s for at, late_s in tuple(self._latest) if at >= began]
        if (waits_since := self.waits_since) is not None:  # this thread may be awake before the watching one is
            late_s = self._now() - waits_since - LOOK_EVERY_S
            late += [late_s] if late_s > LATE_S else []
        return f"this machine was overloaded (checks were woken up to {max(late):.1f} s late)" if late else ""

    def _watch(self) -> None:
        while not self._over.is_set():
            began = self.waits_since = self._now()
            self._over.wait(LOOK_EVERY_S)
            ended = self._now()
            if not self._over.is_set():
                self.woken(ended - began - LOOK_EVERY_S, at=ended)
        self.waits_since = None


class Overload:
    """Collects signs of overload of one instance of the merchant. Thread-safe.

    `machine`: watches whether this machine is overloaded.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, machine: MachineWatch | None = None) -> None:
        self._now = now
        self.watch = machine or MachineWatch()
        self._lock = Lock()
        self._looks = Pace(noticeable_s=NOTICEABLE_S)
        self._starts = Pace(noticeable_s=SLOW_S)
        self._under_way = 0
        self._answered = 0
        self._slowest_s = 0.0
        self._crashes = 0
        self.locked = ""
        """The merchant's words for a locked database; empty while it has named none."""
        self.locks = 0
        """How often the merchant has named one."""
        self.most_at_once = SIDE_BY_SIDE
        """How many checks may run side by side."""
        self._shrunk_at = -SHRINK_EVERY_S
        self._trouble_at = -math.inf

    def looked(self, seconds: float, *, well: bool) -> None:
        """Note how long a look at a payment's state took; `well`: it was answered, and not as a crash is."""
        with self._lock:
            self._looks.add(seconds)
            self._slowest_s = max(self._slowest_s, seconds)
        if not well:
            self.crashed()

    def crashed(self) -> None:
        """Note that the merchant answered 5xx, or not at all, to an ordinary request."""
        with self._lock:
            self._crashes += 1
            self._shrink(FEWEST)

    def note_text(self, text: str) -> None:
        """Search what the merchant answered or printed for a locked database, which reduces the checks at once."""
        words = lock_named(text)
        if words:
            with self._lock:
                self.locked = words
                self.locks += 1
                self._shrink(1)

    def _shrink(self, fewest: int) -> None:
        self._trouble_at = self._now()
        if self._now() - self._shrunk_at >= SHRINK_EVERY_S and self.most_at_once > fewest:
            self._shrunk_at = self._now()
            self.most_at_once = max(fewest, self.most_at_once // 2)

    @contextmanager
    def starting(self, *, ordinary: bool) -> Iterator[None]:
        """Count the start of a payment while the block runs; a slow `ordinary` one is a sign of overload."""
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
        """Whether the merchant has become clearly slower than it was at first, so that no check should begin."""
        with self._lock:
            return self._looks.falls or self._starts.falls

    @property
    def full(self) -> bool:
        """Whether as many starts are under way as the merchant is known to manage. Each answer allows one more."""
        with self._lock:
            return self._under_way >= AT_FIRST + self._answered

    def in_trouble_since(self, moment: float) -> bool:
        """Whether the merchant has crashed or named a locked database since then (monotonic clock)."""
        return self._trouble_at >= moment

    @property
    def machine(self) -> str:
        """How this machine was overloaded, in words; empty when it was not."""
        return self.watch.since(0.0)

    @property
    def merchant(self) -> str:
        """How the merchant showed overload, in words; empty when it did not."""
        with self._lock:
            if self.locked:
                return f'the merchant said "{self.locked}"'
            if self._crashes:
                return f"{self._crashes} ordinary requests were not answered, or with a crash"
            if self._slowest_s > SLOW_S:
                return f"a look at a payment's state took up to {self._slowest_s:.1f} s"
        return ""
