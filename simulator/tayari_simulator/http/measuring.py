"""The simulator's counters and gauges, by their Prometheus names."""

from __future__ import annotations

import time

from tayari_simulator.core.world import World
from tayari_simulator.http.monitor import Monitor, resident_bytes
from tayari_simulator.http.outbox import Outbox
from tayari_simulator.journal.memory import Journal


def measured(world: World, outbox: Outbox, entries: Journal, monitor: Monitor) -> dict[str, float]:
    """Every value now; names that end in `_total` only grow."""
    counts = outbox.counts
    refused = {f'tayari_refusals_total{{code="{code}"}}': number for code, number in world.counts.refused.items()}
    return {
        "tayari_pushes_accepted_total": world.counts.pushes_accepted,
        **refused,
        "tayari_results_total": world.counts.results,
        "tayari_callbacks_sent_total": counts.sent,
        "tayari_callbacks_answered_total": counts.answered,
        "tayari_callbacks_failed_total": counts.failed,
        "tayari_callbacks_refused_total": counts.refused,
        "tayari_callbacks_late_p50_seconds": counts.late_p_s(0.5),
        "tayari_callbacks_late_p99_seconds": counts.late_p_s(0.99),
        "tayari_callbacks_in_flight": outbox.in_flight,
        "tayari_payments_remembered": len(world.payments),
        "tayari_payments_pending": world.payments.open_prompts,
        "tayari_plans": len(world.agenda),
        "tayari_tokens": len(world.tokens),
        "tayari_journal_entries": len(entries),
        "tayari_journal_bytes": entries.bytes,
        "tayari_journal_dropped_total": entries.dropped,
        "tayari_loop_lag_p99_seconds": monitor.lag_p99_s(),
        "tayari_gc_pause_longest_seconds": monitor.longest_gc_s,
        "tayari_cpu_seconds_total": time.process_time(),
        "tayari_resident_bytes": resident_bytes(),
    }
