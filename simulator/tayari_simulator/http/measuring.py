"""The simulator's counters and gauges, by their Prometheus names."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tayari_simulator.core.world import World
from tayari_simulator.http.background import Failures
from tayari_simulator.http.collecting import collect_at_rest
from tayari_simulator.http.limits import Limits, Seen
from tayari_simulator.http.monitor import Monitor, resident_bytes
from tayari_simulator.http.outbox import Outbox
from tayari_simulator.journal.file import JournalFile
from tayari_simulator.journal.memory import Journal
from tayari_simulator.journal.pending import PendingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where everything that can be counted stands."""

    world: World
    outbox: Outbox
    entries: Journal
    monitor: Monitor
    file: JournalFile | None
    keeper: PendingFile | None
    failures: Failures

    def lost(self) -> int:
        """What the disk refused since the start."""
        return (self.file.lost if self.file else 0) + (self.keeper.lost if self.keeper else 0)


def limits_of(parts: Parts) -> Limits:
    """The watch over these parts."""

    def counted() -> Seen:
        counts = parts.outbox.counts
        return Seen(
            parts.world.counts.pushes_accepted, counts.sent, time.process_time(), parts.lost(), parts.failures.total
        )

    def measure() -> dict[str, float]:
        late = parts.outbox.counts.own_late_s
        ranked = sorted(late)
        late.clear()
        return {
            "loop_lag_s": parts.monitor.lag_p95_lately_s(),
            "late_s": ranked[int(len(ranked) * 0.99)] if ranked else 0.0,
            "callbacks_waiting": parts.outbox.waiting,
            "journal_behind": parts.file.behind if parts.file else 0,
        }

    return Limits(counted, measure, collect_at_rest, parts.failures)


def measured(parts: Parts, limits: Limits) -> dict[str, float]:
    """Every value now; names that end in `_total` only grow."""
    world, outbox, entries, monitor = parts.world, parts.outbox, parts.entries, parts.monitor
    counts = outbox.counts
    refused = {f'tayari_refusals_total{{code="{code}"}}': number for code, number in world.counts.refused.items()}
    ended = {f'tayari_payments_ended_total{{as="{name}"}}': number for name, number in world.counts.endings.items()}
    return {
        "tayari_pushes_accepted_total": world.counts.pushes_accepted,
        **refused,
        **ended,
        "tayari_defects_total": parts.failures.total,
        "tayari_results_total": world.counts.results,
        "tayari_callbacks_sent_total": counts.sent,
        "tayari_callbacks_answered_total": counts.answered,
        "tayari_callbacks_failed_total": counts.failed,
        "tayari_callbacks_refused_total": counts.refused,
        "tayari_callbacks_late_p50_seconds": counts.late_p_s(0.5),
        "tayari_callbacks_late_p99_seconds": counts.late_p_s(0.99),
        "tayari_callbacks_in_flight": outbox.in_flight,
        "tayari_callbacks_waiting": outbox.waiting,
        "tayari_payments_remembered": len(world.payments),
        "tayari_payments_pending": world.payments.open_prompts,
        "tayari_plans": len(world.agenda),
        "tayari_tokens": len(world.tokens),
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
