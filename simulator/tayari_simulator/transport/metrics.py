"""The counters and gauges of a simulator by their Prometheus names, and whether its counts add up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.journal.memory import Journal
from tayari_simulator.journal.pending import PendingFile
from tayari_simulator.journal.sqlite_file import JournalFile
from tayari_simulator.state.behaviour import Call
from tayari_simulator.transport.callbacks.callback_sender import CallbackSender
from tayari_simulator.transport.monitor import Failures, Limits, Monitor, MonitorCounts, collect_at_rest, resident_bytes

Json = dict[str, Any]
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
    "tayari_payments_ended_total": "Payments that have nothing planned any more, by the end of their callbacks.",
    "tayari_payments_pending": "Payments whose prompt is open.",
    "tayari_payments_remembered": "Payments that a query finds.",
    "tayari_plans": "Results and callbacks still to come.",
    "tayari_transactions_accepted_total": "Transactions that were accepted, by the call that made them.",
    "tayari_pushes_accepted_total": "STK pushes that were accepted.",
    "tayari_pushes_per_second": "STK pushes that were accepted in the last second.",
    "tayari_queued_scenarios": "One-shot scenarios that wait or are in use.",
    "tayari_refusals_total": "Calls that were refused, by error code.",
    "tayari_resident_bytes": "Memory of the simulator.",
    "tayari_results_total": "Results that fell due.",
    "tayari_tokens": "Access tokens that are known.",
}


def balance(state: DarajaState, *, under_way: int) -> Json:
    """As in `docs/control-api.md`. `under_way`: callbacks of payments that wait for the merchant's answer.

    Pending payments are counted one by one and are not the remainder of the others, so that a payment that was lost
    shows. So does one for which something is to come that nobody has planned.
    """
    counts = state.counts
    open_payments = [transaction for transaction in state.transactions.all() if transaction.pending]
    owed = sum(transaction.pending for transaction in open_payments)
    planned = len(state.schedule) - state.waiting_callbacks.gone + under_way
    accepted = counts.accepted_before + counts.accepted
    ended = {str(ending): number for ending, number in counts.endings.items()}
    difference = accepted - sum(ended.values()) - len(open_payments) - counts.forgotten
    return {
        "accepted": accepted,
        **ended,
        "pending": len(open_payments),
        "forgotten": counts.forgotten,
        "difference": difference,
        "owed": owed,
        "planned": planned,
        "balanced": difference == 0 and owed == planned,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSources:
    """The sources of everything that can be counted."""

    state: DarajaState
    callback_sender: CallbackSender
    entries: Journal
    monitor: Monitor
    file: JournalFile | None
    keeper: PendingFile | None
    failures: Failures

    def lost(self) -> int:
        """What the disk refused since the start."""
        return (self.file.lost if self.file else 0) + (self.keeper.lost if self.keeper else 0)


def limits_of(parts: MetricSources) -> Limits:
    """The watch over these parts."""

    def counted() -> MonitorCounts:
        counts = parts.callback_sender.counts
        return MonitorCounts(
            parts.state.counts.accepted, counts.sent, time.process_time(), parts.lost(), parts.failures.total
        )

    def measure() -> dict[str, float]:
        late = parts.callback_sender.counts.own_late_s
        ranked = sorted(late)
        late.clear()
        return {
            "loop_lag_s": parts.monitor.lag_p95_lately_s(),
            "late_s": ranked[int(len(ranked) * 0.99)] if ranked else 0.0,
            "callbacks_waiting": parts.callback_sender.waiting,
            "journal_behind": parts.file.behind if parts.file else 0,
        }

    return Limits(counted, measure, collect_at_rest, parts.failures)


def measured(parts: MetricSources, limits: Limits) -> dict[str, float]:
    """Every value now; names that end in `_total` only grow."""
    state, callback_sender, entries, monitor = parts.state, parts.callback_sender, parts.entries, parts.monitor
    counts = callback_sender.counts
    accepted = state.counts.accepted_by_kind
    refused = {f'tayari_refusals_total{{code="{code}"}}': number for code, number in state.counts.refused.items()}
    ended = {f'tayari_payments_ended_total{{as="{name}"}}': number for name, number in state.counts.endings.items()}
    return {
        "tayari_pushes_accepted_total": accepted.get(Call.STK_PUSH, 0),
        **{f'tayari_transactions_accepted_total{{kind="{kind}"}}': number for kind, number in accepted.items()},
        **refused,
        **ended,
        "tayari_defects_total": parts.failures.total,
        "tayari_results_total": state.counts.results,
        "tayari_callbacks_sent_total": counts.sent,
        "tayari_callbacks_answered_total": counts.answered,
        "tayari_callbacks_failed_total": counts.failed,
        "tayari_callbacks_refused_total": counts.refused,
        "tayari_callbacks_late_p50_seconds": counts.late_p_s(0.5),
        "tayari_callbacks_late_p99_seconds": counts.late_p_s(0.99),
        "tayari_callbacks_in_flight": callback_sender.in_flight,
        "tayari_callbacks_waiting": callback_sender.waiting,
        "tayari_payments_remembered": len(state.transactions),
        "tayari_payments_pending": len(state.prompts),
        "tayari_plans": len(state.schedule),
        "tayari_tokens": len(state.tokens),
        "tayari_journal_entries": len(entries),
        "tayari_journal_bytes": entries.bytes,
        "tayari_journal_dropped_total": entries.dropped_ever,
        "tayari_journal_behind": parts.file.behind if parts.file else 0,
        "tayari_journal_lost_total": parts.lost(),
        "tayari_pushes_per_second": limits.last.get("pushes_per_s", 0.0),
        "tayari_callbacks_per_second": limits.last.get("callbacks_per_s", 0.0),
        "tayari_cpu_share": limits.last.get("cpu_share", 0.0),
        "tayari_near_limit": int(limits.near),
        "tayari_loop_lag_p99_seconds": monitor.lag_p99_s(),
        "tayari_gc_pause_longest_seconds": monitor.longest_gc_s,
        "tayari_cpu_seconds_total": time.process_time(),
        "tayari_resident_bytes": resident_bytes(),
    }


def metrics_text(values: Mapping[str, float], *, queued: int) -> str:
    """Each value under its name; names may carry labels (`name{code="404.001.03"}`). `_total` marks a counter."""
    rows = {**values, "tayari_queued_scenarios": float(queued)}
    return "".join(f"{line}\n" for line in _lines(rows))


def _lines(rows: Mapping[str, float]) -> Iterator[str]:
    last = ""
    for name, value in sorted(rows.items()):
        base = name.partition("{")[0]
        if base != last:
            last = base
            yield f"# HELP {base} {HELP.get(base, _words(base))}"
            yield f"# TYPE {base} {'counter' if base.endswith('_total') else 'gauge'}"
        yield f"{name} {value!r}" if isinstance(value, int) else f"{name} {value:.17g}"


def _words(name: str) -> str:
    """The name as a sentence, for the rows that need no more: `tayari_pushes_accepted_total` -> `Pushes accepted.`"""
    return f"{name.removeprefix('tayari_').removesuffix('_total').replace('_', ' ').capitalize()}."
