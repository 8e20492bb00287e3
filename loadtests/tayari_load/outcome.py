"""What became of the payments: counts, latencies and a timeline, mergeable across workers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from hdrh.histogram import HdrHistogram

LONGEST_S: Final = 3_600
_MICROSECONDS: Final = 1_000_000


class Outcome(StrEnum):
    """How one payment ended, as the merchant shows it."""

    SETTLED = "settled"
    """Paid, and credited once as far as can be seen."""
    REFUSED = "refused"
    """The merchant did not take the order: an error answer, or none."""
    FAILED = "failed"
    """Taken, and shown as failed or under review in the end."""
    STUCK = "stuck"
    """Taken, and in no final state when patience or the run ended."""
    CREDITED_TWICE = "credited twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One payment's end."""

    outcome: Outcome
    at: float
    """Epoch seconds."""
    duration_s: float
    """From the click to the state that ended it."""
    reason: str = ""
    user: str = ""
    """Which simulated user it belonged to."""


def _histogram() -> HdrHistogram:
    return HdrHistogram(1, LONGEST_S * _MICROSECONDS, 3)


@dataclass(slots=True)
class Second:
    """What happened within one second of the run."""

    started: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))
    """Seconds each payment took that settled in this second."""

    @property
    def p95_s(self) -> float | None:
        """95th percentile of what settled in this second (nearest rank); None when nothing did."""
        ordered = sorted(self.latencies)
        return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)] if ordered else None


@dataclass(slots=True)
class Tally:
    """The sum of what users saw. One per process; a worker's is added to its master's."""

    started: int = 0
    acknowledged: int = 0
    ended: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    """Users of whom at least one payment settled."""
    seconds: dict[int, Second] = field(default_factory=dict)
    """By epoch second, so that workers with clocks in step can be added up."""
    latency: HdrHistogram = field(default_factory=_histogram)
    """Microseconds of every settled payment."""

    def start(self, at: float) -> None:
        """A payment is started at this epoch second."""
        self.started += 1
        self._second(at).started += 1

    def acknowledge(self) -> None:
        """The merchant took it."""
        self.acknowledged += 1

    def end(self, ended: Ended) -> None:
        """A payment came to its end."""
        self.ended[ended.outcome] += 1
        if ended.outcome is not Outcome.SETTLED:
            self.reasons[f"{ended.outcome}: {ended.reason}" if ended.reason else str(ended.outcome)] += 1
        if ended.outcome in {Outcome.SETTLED, Outcome.CREDITED_TWICE}:
            self._settle(ended)

    @property
    def settled(self) -> int:
        """Payments that reached `paid`, those credited twice among them."""
        return self.ended[Outcome.SETTLED] + self.credited_twice

    @property
    def credited_twice(self) -> int:
        """Payments credited twice; counted as settled too."""
        return self.ended[Outcome.CREDITED_TWICE]

    @property
    def failed(self) -> int:
        """Payments that ended otherwise."""
        return self.ended[Outcome.REFUSED] + self.ended[Outcome.FAILED]

    @property
    def stuck(self) -> int:
        """Payments without an end: those given up, and those nobody heard of again (a killed worker's)."""
        return self.started - self.settled - self.failed

    def percentile_s(self, percentile: float) -> float | None:
        """Seconds from click to settled; None without a settled payment."""
        if not self.latency.get_total_count():
            return None
        return float(self.latency.get_value_at_percentile(percentile)) / _MICROSECONDS

    def add(self, other: Self) -> None:
        """Add what another process saw."""
        self.started += other.started
        self.acknowledged += other.acknowledged
        self.ended.update(other.ended)
        self.reasons.update(other.reasons)
        self.served |= other.served
        self.latency.add(other.latency)
        for at, second in other.seconds.items():
            mine = self._second(at)
            mine.started += second.started
            mine.latencies.extend(second.latencies)

    def clear(self) -> None:
        """Back to nothing, in place: users under way keep telling this very tally."""
        self.started = self.acknowledged = 0
        self.ended.clear()
        self.reasons.clear()
        self.served.clear()
        self.seconds.clear()
        self.latency.reset()

    def take(self) -> dict[str, Any]:
        """What there is, as plain values, and begin again."""
        wire = self.to_wire()
        self.clear()
        return wire

    def to_wire(self) -> dict[str, Any]:
        """As plain values, for a worker's report to its master."""
        return {
            "started": self.started,
            "acknowledged": self.acknowledged,
            "ended": {outcome.value: number for outcome, number in self.ended.items()},
            "reasons": dict(self.reasons),
            "served": sorted(self.served),
            "seconds": {str(at): [second.started, list(second.latencies)] for at, second in self.seconds.items()},
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """A worker's report; the histogram is made again from its latencies."""
        tally = cls(started=wire["started"], acknowledged=wire["acknowledged"])
        tally.ended.update({Outcome(name): number for name, number in wire["ended"].items()})
        tally.reasons.update(wire["reasons"])
        tally.served.update(wire["served"])
        for at, (started, latencies) in wire["seconds"].items():
            tally.seconds[int(at)] = Second(started, array("d", latencies))
            for latency_s in latencies:
                tally._record(latency_s)
        return tally

    def _settle(self, ended: Ended) -> None:
        self.served.add(ended.user)
        self._second(ended.at).latencies.append(ended.duration_s)
        self._record(ended.duration_s)

    def _record(self, latency_s: float) -> None:
        self.latency.record_value(min(int(latency_s * _MICROSECONDS), LONGEST_S * _MICROSECONDS))

    def _second(self, at: float) -> Second:
        return self.seconds.setdefault(int(at), Second())
