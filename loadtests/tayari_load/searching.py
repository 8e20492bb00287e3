"""The search for the limit at work: each rate is held for a while, then what is under way may settle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import gevent

from tayari_load.campaign import Campaign
from tayari_load.latencies import enough_for
from tayari_load.limit import Probe, Search
from tayari_load.outcome import Outcome
from tayari_load.thresholds import Circumstances, judge

BOUND: Final = "bound"
"""Only arrivals were dropped: the bound of payments in flight was the limit."""
SETTLE_S: Final = 15.0
_REPORT_S: Final = 3.5
"""Workers report every three seconds."""


@dataclass(slots=True, kw_only=True)
class Searching:
    """Plays a search on a campaign."""

    campaign: Campaign
    search: Search
    hold: Callable[[float], None]
    """Makes every process hold this rate from now on."""
    in_flight: Callable[[], int]
    """Payments under way, in all processes."""
    probe_s: float
    distributed: bool = False

    def run(self) -> None:
        """Until the knee is known; then the campaign has its `limit`, and the seconds to judge."""
        judged: tuple[float, float] | None = None
        while (rate := self.search.next_rate()) is not None and not self.campaign.ending:
            begin = time.time()
            probe = self._probe(rate)
            self.search.told(probe)
            if judged is None or rate == self.search.kept:
                judged = (begin, time.time())
        self.campaign.judged_seconds = judged
        self.campaign.limit = self.search.result()

    def _probe(self, rate: float) -> Probe:
        campaign = self.campaign
        campaign.count_arrivals()
        before = campaign.tally.planned, campaign.tally.dropped, campaign.cpu.samples, campaign.cpu.busy
        begin = time.time()
        self.hold(rate)
        gevent.sleep(self.probe_s)
        self.hold(0.0)
        left = self._let_settle()
        campaign.count_arrivals()
        planned, dropped = campaign.tally.planned - before[0], campaign.tally.dropped - before[1]
        looks, busy = campaign.cpu.samples - before[2], campaign.cpu.busy - before[3]
        part = campaign.tally.part(int(begin), time.time() + 1)
        part.ended[Outcome.STUCK] += left
        part.started += left
        judged = judge(part, campaign.target.thresholds, Circumstances(users=0))
        missed = [row.name for row in judged[:3] if row.met is False]
        p95 = judged[0].measured
        seen = f"{planned} arrivals, {dropped} dropped, {left} not settled, p95 " + (
            "unknown" if p95 is None else f"{p95:.2f} s"
        )
        if judged[0].met is None and part.started < enough_for(95):
            seen += "; too few to judge the p95 by"
        kept = not missed and dropped <= planned * 0.02
        return Probe(
            rate=rate,
            kept=kept,
            seen=f"{seen}; missed {', '.join(missed)}" if missed else seen,
            limited_by="" if kept else self._whose(looks, busy) if missed else BOUND,
        )

    def _whose(self, looks: int, busy: int) -> str:
        """The first of those who were at their limit; the merchant, when neither of us was."""
        if looks and busy / looks > 0.2:
            return "generator"
        witness = self.campaign.witness
        return "fake" if witness is not None and witness.was_the_limit() else "merchant"

    def _let_settle(self) -> int:
        until = time.time() + SETTLE_S
        if self.distributed:
            gevent.sleep(_REPORT_S)
        while self.in_flight() and time.time() < until:
            gevent.sleep(0.1)
        return self.in_flight()
