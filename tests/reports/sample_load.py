"""The load result of the sample runs."""

from __future__ import annotations

import math

from tayari_reports.model import Funnel, Load, Measure, ProcessUse, RateLimit, Threshold


def load() -> Load:
    """A minute of fifty users, with a slow stretch in the middle."""
    rows = [
        (float(second), round(8 + 3 * math.sin(second / 5)), round(8 + 3 * math.sin((second - 3) / 5)), _p95(second))
        for second in range(60)
    ]
    return Load(
        users=50,
        duration_s=60.0,
        started=486,
        acknowledged=486,
        settled=481,
        failed=3,
        stuck=2,
        credited_twice=0,
        settled_p50_s=2.41,
        settled_p95_s=4.87,
        settled_p99_s=8.02,
        payments_per_s=8.1,
        thresholds=(
            Threshold(name="payment_p95_s", limit=10.0, measured=4.87, unit="s", samples=481, met=True),
            Threshold(name="success_rate", limit=0.95, measured=0.9897, unit="of payments", samples=486, met=True),
            Threshold(name="failure_rate", limit=0.05, measured=None, unit="of payments", samples=0, met=None),
        ),
        timeline=tuple(rows),
        outcomes=tuple((row[0], row[2], 1 if 30 <= row[0] < 33 else 0, 0) for row in rows),
        callback_lag=tuple((row[0], None if row[0] < 2 else 0.04 + (0.9 if 30 <= row[0] < 42 else 0)) for row in rows),
        faults=((30.0, 42.0, "Daraja answers 503"),),
        measures=(Measure(name="answer to the click", samples=486, p50_s=0.02, p95_s=0.06, p99_s=None),),
        processes=(ProcessUse(name="generator", cpu_mean=0.3, cpu_peak=0.4), ProcessUse(name="fake Daraja")),
        funnels=(
            Funnel(kind="C2B payments", started=186, settled=184, failed=1, stuck=1),
            Funnel(kind="STK payments", started=300, settled=297, failed=2, stuck=1, excused=7),
        ),
        doubts=("the fake's loop was late",),
        limit=RateLimit(kept_rate=8.0, missed_rate=10.0, limited_by="merchant"),
        notes=("generator below 40 % CPU",),
    )


def _p95(second: int) -> float | None:
    return None if second < 3 else round(2.6 + 0.4 * math.sin(second) + (3.5 if 30 <= second < 42 else 0), 2)
