"""The answers of several processes made into the one that a single process would give. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]

RATES: Final = ("pushes_per_s", "callbacks_per_s", "callbacks_waiting", "journal_behind", "journal_lost")
"""Of a second: what adds up over processes. All else of it is the worst of them."""
ENDINGS: Final = ("called_back", "dropped_by_scenario", "not_allowed")
_SUMMED: Final = ("accepted", *ENDINGS, "pending", "forgotten", "difference", "owed", "planned")


def merged_journal(pages: Sequence[Json], *, since: int, limit: int) -> Json:
    """Entries of all pages in order of their numbers; each entry is shown once to a reader who goes on at `next`.

    What lies beyond the least `next` is left for then: a slower process may still add something before it.
    """
    next_seq = min(page["next"] for page in pages)
    entries = [entry for page in pages for entry in page["entries"] if entry["seq"] < next_seq]
    entries.sort(key=lambda entry: int(entry["seq"]))
    if since and len(entries) > limit:
        entries = entries[:limit]
        next_seq = entries[-1]["seq"] + 1
    return {"entries": entries[-limit:], "next": next_seq, "dropped": sum(page["dropped"] for page in pages)}


def merged_payments(answers: Iterable[Json]) -> Json:
    """All payments, oldest first."""
    rows = [row for told in answers for row in told["payments"]]
    return {"payments": sorted(rows, key=lambda row: float(row["created_at"]))}


def merged_balance(balances: Sequence[Json], *, died: Sequence[Json], expected: int) -> Json:
    """The sum. `died`: the last known balances of processes that ended and took their payments along.

    Their payments show in `difference`; whatever else they accepted in their last moments nobody knows, so a sum with
    a lost process is never balanced.
    """
    total: Json = {name: sum(row[name] for row in (*balances, *died)) for name in _SUMMED}
    total["pending"] -= sum(row["pending"] for row in died)
    total["difference"] += sum(row["pending"] for row in died)
    for name in ("owed", "planned"):
        total[name] -= sum(row[name] for row in died)
    missing = expected - len(balances)
    whole = not died and not missing and all(row["balanced"] for row in balances)
    return total | {"balanced": whole, "processes": expected, "missing": missing, "died": len(died)}


def merged_limits(answers: Mapping[int, Json]) -> Json:
    """Near a limit when one of them is; its reasons say which one."""
    rows = list(answers.values())
    reasons = [f"process {index + 1}: {why}" for index, row in answers.items() for why in row["reasons"]]
    names = sorted({name for row in rows for name in row["last_second"]})
    seconds = {name: [row["last_second"].get(name, 0.0) for row in rows] for name in names}
    return {
        "near_limit": any(row["near_limit"] for row in rows),
        "reasons": reasons,
        "near_s": max(row["near_s"] for row in rows),
        "busy_s": max(row["busy_s"] for row in rows),
        "last_second": {name: sum(found) if name in RATES else max(found) for name, found in seconds.items()},
        "thresholds": rows[0]["thresholds"],
    }


def merged_metrics(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Counts and sizes add up; lateness, lag and pauses are the worst of any process."""
    names = sorted({name for row in values for name in row})
    return {name: _merged(name, [row[name] for row in values if name in row]) for name in names}


def merged_shown(answers: Sequence[Json], *, recent: int) -> Json:
    """What the live page shows of all of them."""
    first = answers[0]
    payments = sorted((row for told in answers for row in told["payments"]), key=lambda row: float(row["created_at"]))
    facts = first["facts"] | {"queued": sum(told["queued"] for told in answers), "processes": len(answers)}
    metrics = merged_metrics([told["metrics"] for told in answers])
    return first | {"facts": facts, "metrics": metrics, "payments": payments[-recent:]}


def summed(answers: Sequence[Json], name: str) -> Json:
    """One number, added up."""
    return {name: sum(told[name] for told in answers)}


def _merged(name: str, found: list[float]) -> float:
    worst = name.endswith("_seconds") or name in {"tayari_near_limit", "tayari_cpu_share"}
    return max(found) if worst else sum(found)
