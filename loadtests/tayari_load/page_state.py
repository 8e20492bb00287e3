"""Everything that our tab of Locust's page shows, as plain values: read once a second."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from tayari_reports.load_words import balance_sentence, limit_sentence
from tayari_reports.model import ProcessUse, Threshold

from tayari_load.campaign import Campaign
from tayari_load.generator import BUSY
from tayari_load.latencies import Latencies, Span, enough_for
from tayari_load.results import timeline
from tayari_load.thresholds import judge

SHOWN_S: Final = 180
"""So much of the run is drawn."""
RECENT_S: Final = 10
"""Rates of now are means over so long."""
_LATE_S: Final = 4
"""The youngest seconds of a distributed run are not whole yet."""


def funnel(campaign: Campaign) -> list[dict[str, Any]]:
    """The rows of the table: how far payments came."""
    tally, witness = campaign.tally, campaign.witness
    started = tally.started
    rows = [
        ("started", started),
        ("acknowledged", tally.acknowledged),
        ("called back", witness.payments_called_back() if witness is not None else None),
        ("settled", tally.settled),
        ("credited twice", tally.credited_twice),
        ("failed", tally.failed),
        ("declined or turned away", tally.excused),
        ("stuck", sum(second.stuck for second in list(tally.seconds.values()))),
    ]
    return [
        {
            "what": what,
            "count": "unknown" if number is None else number,
            "share": f"{number / started:.1%}" if started and number is not None else "",
        }
        for what, number in rows
    ]


def state(campaign: Campaign) -> dict[str, Any]:
    """The whole tab."""
    began, witness = campaign.started_at, campaign.witness
    ends = campaign.finished_at or time.time()
    seen = campaign.tally if campaign.told else campaign.tally.so_far()
    judged = judge(seen, campaign.target.thresholds, campaign.circumstances())
    balance = witness.balance if witness is not None and campaign.concluded else None
    return {
        "phase": _phase(campaign),
        "elapsed_s": round(ends - began, 1) if began else 0,
        "funnel": funnel(campaign),
        "thresholds": [_threshold(row) for row in judged],
        "now": _now(campaign),
        "lag": _lag(campaign),
        "timeline": _timeline(campaign),
        "faults": [
            [round(begin - began, 1), None if end > ends else round(end - began, 1), what]
            for begin, end, what in campaign.faults
            if begin <= ends
        ],
        "arrivals": {"planned": campaign.tally.planned, "dropped": campaign.tally.dropped, "open": campaign.plan.open},
        "processes": [_process(row) for row in campaign.processes()],
        "busy": BUSY,
        "doubts": list(campaign.doubts()),
        "warnings": list(witness.warnings()) if witness is not None else [],
        "balance": None if balance is None else balance_sentence(balance),
        "balanced": balance is not None and not balance.problems,
        "search": None if campaign.limit is None else limit_sentence(campaign.limit),
        "shape": campaign.plan.shape,
        "shown_s": SHOWN_S,
        "exact": "Percentiles here are of HDR histograms, 3 digits. Locust rounds those of its other tabs.",
    }  # fmt: skip


def _phase(campaign: Campaign) -> str:
    if not campaign.started_at:
        return "idle"
    if campaign.concluded:
        return "finished"
    return "settling" if campaign.ending or campaign.told else "running"


def _threshold(row: Threshold) -> dict[str, Any]:
    return {
        "name": row.name, "limit": row.limit, "unit": row.unit, "measured": row.measured, "met": row.met,
        "samples": row.samples, "reason": row.reason,
    }  # fmt: skip


def _process(row: ProcessUse) -> dict[str, Any]:
    return {
        "name": row.name, "cpu_mean": row.cpu_mean, "cpu_peak": row.cpu_peak, "loop_lag_s": row.loop_lag_s,
        "memory_bytes": row.memory_bytes,
    }  # fmt: skip


def _now(campaign: Campaign) -> dict[str, Any]:
    """The last ten whole seconds."""
    tally = campaign.tally
    last = int(campaign.finished_at or time.time()) - (_LATE_S if campaign.workers else 0)
    rows = [second for at in range(last - RECENT_S, last) if (second := tally.seconds.get(at)) is not None]
    span_s = max(1.0, min(float(RECENT_S), last - campaign.started_at))
    return {
        "started_per_s": round(sum(row.started for row in rows) / span_s, 2),
        "settled_per_s": round(sum(row.settled for row in rows) / span_s, 2),
        "p95_s": percentile(campaign.tally.latencies, Span.SETTLED),
        "in_flight": max(0, tally.started - tally.ended.total()),
    }


def _timeline(campaign: Campaign) -> list[list[Any]]:
    """Per second: offset, started, settled, their p95, failed and given up."""
    rows = timeline(campaign.tally, campaign.started_at)[-SHOWN_S:]
    origin = int(campaign.started_at)
    seconds = campaign.tally.seconds
    bad = {at - origin: row.failed + row.stuck for at, row in list(seconds.items())}
    return [[*row, bad.get(int(row[0]), 0)] for row in rows]


def _lag(campaign: Campaign) -> dict[str, Any]:
    """Callback lag, and per second how long the merchant took to answer callbacks."""
    witness = campaign.witness
    if witness is None:
        return {"p95_s": None, "answer_p95_s": None, "samples": 0, "seconds": []}
    rows = sorted(witness.answers.items())[-SHOWN_S:]
    return {
        "p95_s": percentile(witness.latencies, Span.CALLBACK_LAG),
        "answer_p95_s": percentile(witness.latencies, Span.CALLBACK_ANSWER),
        "samples": witness.latencies.count(Span.CALLBACK_LAG),
        "seconds": [[at - int(campaign.started_at), _high(values), max(values)] for at, values in rows],
    }


def _high(values: Iterable[float]) -> float:
    ordered: Sequence[float] = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


def percentile(latencies: Latencies, span: Span) -> float | None:
    """The 95th; None without its samples."""
    return latencies.percentile_s(span, 95) if latencies.count(span) >= enough_for(95) else None
