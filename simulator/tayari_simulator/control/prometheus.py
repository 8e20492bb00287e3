"""`GET /metrics`: the simulator's counters as Prometheus text (format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

HELP: Final[Mapping[str, str]] = {
    "tayari_callbacks_answered_total": "Callbacks that the merchant answered.",
    "tayari_callbacks_failed_total": "Callbacks that got no answer.",
    "tayari_callbacks_in_flight": "Callbacks that the merchant has not answered yet, those that wait included.",
    "tayari_callbacks_late_p50_seconds": "Half of the last callbacks were written no later than this after their time.",
    "tayari_callbacks_late_p99_seconds": "99 of 100 of the last callbacks were written no later than this.",
    "tayari_callbacks_per_second": "Callbacks in the last second whose time came.",
    "tayari_callbacks_refused_total": "Callbacks that were not sent, as their host is not allowed.",
    "tayari_callbacks_sent_total": "Callbacks whose time came: written to the merchant, or waiting for a connection.",
    "tayari_callbacks_waiting": "Callbacks that wait for a free connection to their merchant.",
    "tayari_cpu_seconds_total": "Processor time of the simulator.",
    "tayari_cpu_share": "Processor time of the last second, as a share of one core.",
    "tayari_defects_total": "Failures of the simulator's own background work; GET /health names them.",
    "tayari_gc_pause_longest_seconds": "The longest pause for garbage collection.",
    "tayari_journal_behind": "Entries that wait to be written to the journal's file.",
    "tayari_journal_bytes": "About how much memory the journal's entries take.",
    "tayari_journal_dropped_total": "Entries that the journal's bound pushed out.",
    "tayari_journal_entries": "Entries of the journal in memory.",
    "tayari_journal_lost_total": "Entries, or pending payments, that could not be written to disk.",
    "tayari_loop_lag_p99_seconds": "99 of 100 looks in the last minute found the event loop no later than this.",
    "tayari_near_limit": "1 when the simulator itself is, or was, near its limit; GET /v1/limits says why.",
    "tayari_payments_ended_total": "Payments for which nothing is to come, by what became of their callbacks.",
    "tayari_payments_pending": "Payments whose prompt is open.",
    "tayari_payments_remembered": "Payments that a query finds.",
    "tayari_plans": "Results and callbacks still to come.",
    "tayari_pushes_accepted_total": "STK pushes that were accepted.",
    "tayari_pushes_per_second": "STK pushes that were accepted in the last second.",
    "tayari_queued_scenarios": "One-shot scenarios that wait or are at work.",
    "tayari_refusals_total": "Calls that were refused, by error code.",
    "tayari_resident_bytes": "Memory of the simulator.",
    "tayari_results_total": "Results that fell due.",
    "tayari_tokens": "Access tokens that are known.",
}


def metrics_text(values: Mapping[str, float], *, queued: int) -> str:
    """Each value under its name; names may carry labels (`name{code="404.001.03"}`). `_total` marks a counter."""
    rows = {**values, "tayari_queued_scenarios": float(queued)}
    return "".join(f"{line}\n" for line in _lines(rows))


def _lines(rows: Mapping[str, float]) -> Iterator[str]:
    told = ""
    for name, value in sorted(rows.items()):
        base = name.partition("{")[0]
        if base != told:
            told = base
            yield f"# HELP {base} {HELP.get(base, _words(base))}"
            yield f"# TYPE {base} {'counter' if base.endswith('_total') else 'gauge'}"
        yield f"{name} {value!r}" if isinstance(value, int) else f"{name} {value:.17g}"


def _words(name: str) -> str:
    """The name as a sentence, for the rows that need no more: `tayari_pushes_accepted_total` -> `Pushes accepted.`"""
    return f"{name.removeprefix('tayari_').removesuffix('_total').replace('_', ' ').capitalize()}."
