"""The search for the highest rate that keeps the thresholds: double until one is missed, then halve the gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Final

import gevent
from tayari_reports.model import RateLimit

from tayari_load.load_run import HELD, MACHINE, LoadRun
from tayari_load.plan import MOST_PROBES
from tayari_load.statistics.latencies import enough_for
from tayari_load.statistics.payments import PaymentOutcome
from tayari_load.statistics.process_use import OFTEN
from tayari_load.statistics.thresholds import Circumstances, judge

CLOSE: Final = 1.15
"""The search ends when the missed rate is no more than this multiple of the kept one: the uncertainty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTrial:
    """One rate, held for a while."""

    rate: float
    kept: bool
    seen: str
    """The figures in words."""
    limited_by: str = ""
    """Where it was not kept: `merchant`, `generator`, `fake`, `machine` or `bound`."""


@dataclass(slots=True, kw_only=True)
class RateSearch:
    """Finds the highest rate that keeps the thresholds. Pure: it is given what happened at each rate."""

    first: float
    highest: float = 100_000.0
    probes: list[RateTrial] = field(default_factory=list)

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
        """The rate to hold next; None when the limit is known closely enough."""
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

    def add(self, probe: RateTrial) -> None:
        """Add what happened at one rate."""
        self.probes.append(probe)

    def result(self) -> RateLimit:
        """The highest rate kept and the lowest one missed, and what was the limit."""
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


BOUND: Final = "bound"
"""Only arrivals were dropped: the bound of payments in flight was the limit."""
GENERATOR: Final = "generator"
LEAST_HELD: Final = 0.9
"""The share of the planned arrivals that must have begun; below it the rate was not held."""
FEW: Final = 2
"""An arrival at each end may fall outside of the probe."""
SETTLE_S: Final = 15.0
_REPORT_S: Final = 3.5
"""Workers report every three seconds."""


@dataclass(slots=True, kw_only=True)
class LimitSearch:
    """Holds the rates of a search, one after the other."""

    load_run: LoadRun
    search: RateSearch
    hold: Callable[[float], None]
    """Makes every process hold this rate from now on."""
    in_flight: Callable[[], int]
    """How many payments are under way, in all processes."""
    probe_s: float
    """How long each rate is held."""
    distributed: bool = False
    """The users are in other processes: what they did is known once they have reported."""

    def run(self) -> None:
        """Try rates until the limit is known. Then the load run has its `limit`, and the seconds to judge."""
        judged: tuple[float, float] | None = None
        while (rate := self.search.next_rate()) is not None and not self.load_run.ending:
            begin = time.time()
            probe = self.probe(rate)
            self.search.add(probe)
            if judged is None or rate == self.search.kept:
                judged = (begin, time.time())
        self.load_run.judged_seconds = judged
        self.load_run.limit = self.search.result()

    def probe(self, rate: float) -> RateTrial:
        """Hold this rate for a while, and look at the ends of its payments."""
        load_run = self.load_run
        load_run.count_arrivals()
        before, looks = (load_run.tally.planned, load_run.tally.dropped), load_run.looks()
        begin = time.time()
        self.hold(rate)
        gevent.sleep(self.probe_s)
        self.hold(0.0)
        left = self._let_settle()
        load_run.count_arrivals()
        planned, dropped = load_run.tally.planned - before[0], load_run.tally.dropped - before[1]
        part = load_run.tally.part(int(begin), time.time() + 1)
        part.ended[PaymentOutcome.STUCK] += left
        part.started += left
        judged = judge(part, load_run.target.thresholds, Circumstances(users=0))
        missed = [row.name for row in judged[:3] if row.met is False]
        p95 = judged[0].measured
        seen = f"{planned} arrivals, {dropped} dropped, {left} not settled, p95 " + (
            "unknown" if p95 is None else f"{p95:.2f} s"
        )
        if judged[0].met is None and part.started < enough_for(95):
            seen += "; too few to judge the p95 by"
        if planned < LEAST_HELD * rate * self.probe_s - FEW:
            seen += f"; the generator was too slow to begin {rate * self.probe_s:.0f} payments"
            return RateTrial(rate=rate, kept=False, seen=seen, limited_by=GENERATOR)
        kept = not missed and planned - dropped >= planned * HELD
        return RateTrial(
            rate=rate,
            kept=kept,
            seen=f"{seen}; missed {', '.join(missed)}" if missed else seen,
            limited_by="" if kept else self._whose(looks) if missed else BOUND,
        )

    def _whose(self, before: Mapping[str, tuple[int, int]]) -> str:
        """The generator, the machine or the fake, where one of them was at its limit; else the merchant."""
        for name, (looks, busy) in self.load_run.looks().items():
            looks_before, busy_before = before.get(name, (0, 0))
            if looks > looks_before and (busy - busy_before) / (looks - looks_before) > OFTEN:
                return MACHINE if name == MACHINE else GENERATOR
        monitor = self.load_run.monitor
        return "fake" if monitor is not None and monitor.was_the_limit() else "merchant"

    def _let_settle(self) -> int:
        until = time.time() + SETTLE_S
        if self.distributed:
            gevent.sleep(_REPORT_S)
        while self.in_flight() and time.time() < until:
            gevent.sleep(0.1)
        return self.in_flight()
