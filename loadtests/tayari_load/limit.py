"""The search for the highest rate that keeps the thresholds: double until it is missed, then halve the gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from tayari_reports.model import RateLimit

CLOSE: Final = 1.15
"""The search ends when the missed rate is no more than this multiple of the kept one: the uncertainty."""
MOST_PROBES: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One rate, held for a while."""

    rate: float
    kept: bool
    seen: str
    """The figures in words."""
    limited_by: str = ""
    """Where it was not kept: `merchant`, `generator` or `fake`."""


@dataclass(slots=True, kw_only=True)
class Search:
    """Where the knee is. Pure: it is told what each rate did."""

    first: float
    highest: float = 100_000.0
    probes: list[Probe] = field(default_factory=list)

    @property
    def kept(self) -> float | None:
        """The highest rate kept below every missed one."""
        missed = self.missed
        kept = [probe.rate for probe in self.probes if probe.kept and (missed is None or probe.rate < missed)]
        return max(kept, default=None)

    @property
    def missed(self) -> float | None:
        """The lowest rate missed: a lucky pass above it proves nothing."""
        return min((probe.rate for probe in self.probes if not probe.kept), default=None)

    def next_rate(self) -> float | None:
        """The rate to hold next; None when the knee is known closely enough."""
        kept, missed = self.kept, self.missed
        if len(self.probes) >= MOST_PROBES:
            return None
        if missed is None:
            if kept is not None and kept >= self.highest:
                return None
            return self.first if kept is None else min(kept * 2, self.highest)
        if kept is None:
            return missed / 2 if missed > self.first / 64 else None
        return None if missed / kept <= CLOSE else sqrt(kept * missed)

    def told(self, probe: Probe) -> None:
        """What a rate did."""
        self.probes.append(probe)

    def result(self) -> RateLimit:
        """The bracket, and what was the limit."""
        missed = self.missed
        limited = next((probe.limited_by for probe in self.probes if probe.rate == missed), "")
        return RateLimit(
            kept_rate=_rounded(self.kept),
            missed_rate=_rounded(missed),
            limited_by=limited,
            probes=tuple((round(probe.rate, 3), probe.kept, probe.seen) for probe in self.probes),
        )


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 3)
