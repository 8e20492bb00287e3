"""What a load run leaves behind: the load record, the checks of the threshold rules, the notes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tayari.target.model import Thresholds
from tayari_reports.jsonio import EventsWriter, to_dict
from tayari_reports.model import Check, Exchange, Load, NotTested, State, Threshold
from tayari_reports.redaction import redact_check

from tayari_load.outcome import Outcome, Tally
from tayari_load.samples import Samples
from tayari_load.thresholds import Circumstances, judge

RULES: Final = {
    "payment_p95_s": "P01",
    "success_rate": "P02",
    "failure_rate": "P03",
    "concurrent_users": "P04",
}
"""Threshold -> rule of the catalogue's performance rows."""
_ENOUGH_FOR_P95: Final = 20
_REASONS_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """The frame of one run, beside its payments."""

    started_at: float
    """Epoch seconds of the first user's start."""
    finished_at: float
    """When the users were told to stop; payments under way were still waited for."""
    circumstances: Circumstances
    cpu_peak: float = 0.0
    """Share of one core that the busiest generator process used at most, 0 to 1."""
    late_peak_s: float = 0.0
    """How late it woke at most."""
    notes: tuple[str, ...] = ()


def load_record(tally: Tally, limits: Thresholds, run: LoadRun) -> Load:
    """The record that `load.json` and every report carry."""
    duration_s = max(run.finished_at - run.started_at, 0.0)
    return Load(
        users=run.circumstances.users,
        duration_s=round(duration_s, 3),
        started=tally.started,
        acknowledged=tally.acknowledged,
        settled=tally.settled,
        failed=tally.failed,
        stuck=tally.stuck,
        credited_twice=tally.credited_twice,
        settled_p50_s=_rounded(tally.percentile_s(50)),
        settled_p95_s=_rounded(tally.percentile_s(95)),
        settled_p99_s=_rounded(tally.percentile_s(99)),
        payments_per_s=round(tally.settled / duration_s, 3) if duration_s else 0.0,
        thresholds=judge(tally, limits, run.circumstances),
        timeline=_timeline(tally, run.started_at),
        notes=(*run.notes, *_notes(tally, run)),
    )


def checks(load: Load, samples: Samples, *, started_at: float) -> tuple[Check, ...]:
    """One check for each threshold, under its rule's id; a failure carries the payments kept as proof."""
    return tuple(_check(threshold, load, samples, started_at) for threshold in load.thresholds)


def write_load(load: Load, path: Path) -> None:
    """Write `load.json` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(to_dict(load), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def write_checks(found: Iterable[Check], path: Path, *, secrets: Iterable[str] = ()) -> None:
    """Append checks to a suite's results file, redacted."""
    with EventsWriter(path) as events:
        for check in found:
            events.check(redact_check(check, secrets))


def _check(threshold: Threshold, load: Load, samples: Samples, started_at: float) -> Check:
    state, reason = _judged(threshold)
    return Check(
        rule=RULES[threshold.name],
        state=state,
        reason=reason,
        not_tested=NotTested.NOT_SELECTED if state is State.NOT_TESTED else None,
        evidence=_proof(threshold, samples) if state is State.FAIL else (),
        tries=threshold.samples,
        started_at=started_at,
        duration_s=load.duration_s,
        repeat=f"tayari load --users {load.users}",
    )


def _proof(threshold: Threshold, samples: Samples) -> tuple[Exchange, ...]:
    if threshold.name == "payment_p95_s":
        return samples.slowest
    wrong = (Outcome.CREDITED_TWICE, Outcome.REFUSED, Outcome.FAILED)
    return samples.of(wrong if threshold.name == "failure_rate" else (*wrong, Outcome.STUCK))


def _judged(threshold: Threshold) -> tuple[State, str]:
    found = f"{threshold.name} was {_shown(threshold.measured, threshold)}; the target file asks for " + _asked(
        threshold
    )
    if threshold.met:
        return State.PASS, ""
    if threshold.met is False:
        return State.FAIL, f"{found} ({threshold.samples} payments)"
    if threshold.measured is None:
        return State.ERROR, f"no payments to judge {threshold.name} by; the load run brought none that far"
    if threshold.name == "concurrent_users":
        return State.NOT_TESTED, f"{found}; the run had fewer users, so it cannot tell"
    return State.UNKNOWN, f"{found}; but the load generator itself was short of CPU, so it cannot tell"


def _asked(threshold: Threshold) -> str:
    sense = "at least" if threshold.name in {"success_rate", "concurrent_users"} else "under"
    return f"{sense} {_shown(threshold.limit, threshold)}"


def _shown(value: float | None, threshold: Threshold) -> str:
    if value is None:
        return "unknown"
    if threshold.unit == "s":
        return f"{value:.2f} s"
    return f"{value:.1%}" if threshold.unit == "of payments" else f"{value:g} users"


def _timeline(tally: Tally, started_at: float) -> tuple[tuple[float, int, int, float | None], ...]:
    """Every second from the first to the last, the empty ones included: a gap must be seen as one."""
    if not tally.seconds:
        return ()
    origin = int(started_at)
    first, last = min(tally.seconds), max(tally.seconds)
    rows = []
    for at in range(min(origin, first), last + 1):
        second = tally.seconds.get(at)
        rows.append(
            (float(at - origin), second.started, len(second.latencies), _rounded(second.p95_s))
            if second
            else (float(at - origin), 0, 0, None)
        )
    return tuple(rows)


def _notes(tally: Tally, run: LoadRun) -> tuple[str, ...]:
    notes = [f"{number} payments {reason}" for reason, number in tally.reasons.most_common(_REASONS_TOLD)]
    if run.circumstances.generator_saturated:
        how = f"up to {run.cpu_peak:.0%} of a core used, woken up to {run.late_peak_s:.1f} s late"
        notes.append(f"the load generator was short of CPU ({how}): latencies may be its own")
    if 0 < tally.settled < _ENOUGH_FOR_P95:
        notes.append(f"only {tally.settled} settled payments: the 95th percentile is little more than the slowest")
    return tuple(notes)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
