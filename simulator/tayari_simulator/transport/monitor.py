"""The simulator watches itself: its event loop, memory, garbage collection, and failures of background work.

It says to the reader of a load run whether the simulator itself was near its limit, and why.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tayari_simulator.config import A_PAYMENT_BYTES, Config

LAG_EVERY_S: Final = 0.01
KEPT: Final = 6_000
"""The lags of the last minute."""
LONGEST_LOGGED: Final = 10
"""How many failures of one piece of work are logged with their traceback; all are counted."""
OBJECTS: Final = 14
"""About how many objects that can be part of a cycle live for each remembered payment."""
LEAST: Final = 200_000
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
    """Do a step at a fixed interval, until cancelled. A step that raises is noted, and the next one follows."""
    while True:
        await asyncio.sleep(every_s)
        try:
            step()
        except Exception:  # noqa: BLE001 - the edge of a background task
            failures.note(name)


def collect_seldom(config: Config) -> None:
    """Call once, when all is set up: a search while serving comes only when memory grows beyond its bound.

    That can be cycles that somebody leaves behind, or a backlog of payments without a result.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(max(LEAST, config.journal_bytes // A_PAYMENT_BYTES * OBJECTS), 10, 100)


def collect_at_rest() -> None:
    """Nobody is served now: look at what has come since the last time that nobody was."""
    gc.collect(1)


class Monitor:
    """Always on; it costs less than can be measured."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None
        self._gc_began = 0.0
        self.longest_gc_s = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch())
        gc.callbacks.append(self._collected)

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            gc.callbacks.remove(self._collected)
            self._task = None

    def lag_p99_s(self) -> float:
        """The lag that 99 of 100 looks of the last minute stayed below."""
        lags = sorted(self._lags)
        return lags[int(len(lags) * 0.99)] if lags else 0.0

    def lag_p95_lately_s(self) -> float:
        """The lag that 95 of 100 looks of about the last second stayed below."""
        lags = sorted(list(self._lags)[-int(1 / LAG_EVERY_S) :])
        return lags[int(len(lags) * 0.95)] if lags else 0.0

    async def _watch(self) -> None:
        while True:
            planned = time.monotonic() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lags.append(max(0.0, time.monotonic() - planned))

    def _collected(self, phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            self._gc_began = time.monotonic()
        else:
            self.longest_gc_s = max(self.longest_gc_s, time.monotonic() - self._gc_began)


def resident_bytes() -> int:
    """The memory that the process has now (its peak, if the system does not say)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


Json = dict[str, Any]

LIMITS_EVERY_S: Final = 1.0
FEWEST_S: Final = 2
"""One bad second is a hiccup of the machine."""
RATES: Final = ("pushes_per_s", "callbacks_per_s")
MOST_CPU: Final = 0.8
LEAST_CPU: Final = 0.1
"""A second with less work than this says nothing about how much more would be too much."""
SHARE: Final = 0.05
"""Of the seconds with traffic: from this share on, the figures of a run are the simulator's as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorThreshold:
    """A measure of one second, and from where on it says that the limit is near. `unit` is shown."""

    name: str
    most: float
    unit: str
    about: str


THRESHOLDS: Final = (
    MonitorThreshold(name="cpu_share", most=MOST_CPU, unit="of one core", about="processor time"),
    MonitorThreshold(name="loop_lag_s", most=0.02, unit="s", about="the event loop's lateness, 95 of 100 looks"),
    MonitorThreshold(name="late_s", most=0.05, unit="s", about="lateness of callbacks that is its own, 99 of 100"),
    MonitorThreshold(
        name="journal_behind", most=20_000, unit="entries", about="entries waiting to be written to the file"
    ),
    MonitorThreshold(
        name="journal_lost", most=0, unit="entries", about="entries or pending payments that the disk refused"
    ),
    MonitorThreshold(name="defects", most=0, unit="failures", about="failures of the simulator's own background work"),
)
"""A measure above `most` counts. Lateness that a slow merchant causes is not in `late_s`."""


@dataclass(slots=True)
class MonitorCounts:
    """What is counted from the outside; `Limits` takes the differences between two looks."""

    pushes: int = 0
    callbacks: int = 0
    cpu_s: float = 0.0
    lost: int = 0
    defects: int = 0


class Limits:
    """Looks once a second while it runs. `measure` gives the measures of the second that has passed.

    `rest` is called in the first second without traffic after some.
    """

    def __init__(
        self,
        counted: Callable[[], MonitorCounts],
        measure: Callable[[], dict[str, float]],
        rest: Callable[[], None] = lambda: None,
        failures: Failures | None = None,
    ) -> None:
        self._counted = counted
        self._measure = measure
        self._rest = rest
        self._failures = failures if failures is not None else Failures()
        self._rested = True
        self._task: asyncio.Task[None] | None = None
        self._last = MonitorCounts()
        self._last_at = time.monotonic()
        self.last = dict.fromkeys((*RATES, *(row.name for row in THRESHOLDS), "callbacks_waiting"), 0.0)
        """The measures of the last second, rates included."""
        self.busy_s = 0
        """Seconds with traffic."""
        self.near_s = 0
        """Of these, the seconds near the limit."""
        self._worst: dict[str, tuple[float, int]] = {}
        self._calm_up_to = 0.0
        """The most pushes in a second that was not near the limit."""
        self._near_from = float("inf")
        """The fewest pushes in a second that was."""
        self._busiest = (0.0, 0.0)
        """Pushes and processor time of the second with the most pushes."""

    def start(self) -> None:
        """Begin to look."""
        self._last, self._last_at = self._counted(), time.monotonic()
        self._task = asyncio.create_task(repeat("watching the limits", self.look, LIMITS_EVERY_S, self._failures))

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def clear(self) -> None:
        """Forget what was seen: another run begins."""
        self.busy_s = self.near_s = 0
        self._worst.clear()
        self._calm_up_to, self._near_from, self._busiest = 0.0, float("inf"), (0.0, 0.0)

    @property
    def near(self) -> bool:
        """Whether a run that ended now should not be trusted without a word about it."""
        untrue = "journal_lost" in self._worst or "defects" in self._worst
        return untrue or (self.near_s >= FEWEST_S and self.near_s >= SHARE * self.busy_s)

    def catch_up(self) -> None:
        """For who asks: a second that is under way is not counted twice, however often somebody asks."""
        if time.monotonic() - self._last_at >= LIMITS_EVERY_S:
            self.look()

    def look(self) -> None:
        """Measure the time since the last look."""
        now, at = self._counted(), time.monotonic()
        span_s = max(1e-3, at - self._last_at)
        last, self._last, self._last_at = self._last, now, at
        pushes, callbacks = now.pushes - last.pushes, now.callbacks - last.callbacks
        self.last |= {
            "pushes_per_s": pushes / span_s,
            "callbacks_per_s": callbacks / span_s,
            "cpu_share": (now.cpu_s - last.cpu_s) / span_s,
            "journal_lost": now.lost - last.lost,
            "defects": now.defects - last.defects,
            **self._measure(),
        }
        if pushes or callbacks or self.last["journal_lost"] or self.last["defects"]:
            self._rested = False
            self._judge()
        elif not self._rested:
            self._rested = True
            self._rest()

    def to_dict(self) -> Json:
        """`GET /v1/limits`."""
        return {
            "near_limit": self.near,
            "reasons": [self._reason(row, *self._worst[row.name]) for row in THRESHOLDS if row.name in self._worst]
            if self.near
            else [],
            "pushes_per_s": self._rates(),
            "near_s": self.near_s,
            "busy_s": self.busy_s,
            "last_second": {name: round(value, 6) for name, value in self.last.items()},
            "thresholds": {row.name: row.most for row in THRESHOLDS},
        }

    def _judge(self) -> None:
        self.busy_s += 1
        above = [row for row in THRESHOLDS if self.last.get(row.name, 0.0) > row.most]
        self.near_s += bool(above)
        pushes, cpu_share = self.last["pushes_per_s"], self.last["cpu_share"]
        if pushes > self._busiest[0]:
            self._busiest = (pushes, cpu_share)
        if above:
            self._near_from = min(self._near_from, pushes)
        else:
            self._calm_up_to = max(self._calm_up_to, pushes)
        for row in above:
            worst, seconds = self._worst.get(row.name, (0.0, 0))
            self._worst[row.name] = (max(worst, self.last[row.name]), seconds + 1)

    def _rates(self) -> Json:
        """At which rate it stops being trustworthy: as seen, and as its processor time lets expect."""
        pushes, cpu_share = self._busiest
        return {
            "calm_up_to": round(self._calm_up_to, 1),
            "near_limit_from": round(self._near_from, 1) if self.near else None,
            "expected_limit": round(pushes * MOST_CPU / cpu_share, 1) if cpu_share >= LEAST_CPU else None,
        }

    def _reason(self, row: MonitorThreshold, worst: float, seconds: int) -> str:
        return (
            f"{row.about}: up to {worst:.3g} {row.unit} in {seconds} of {self.busy_s} seconds with traffic; "
            f"above {row.most:g} the simulator itself may be what is slow"
        )
