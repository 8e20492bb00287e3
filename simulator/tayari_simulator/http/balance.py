"""Whether the counts add up: every accepted push is called back, dropped by its scenario, or pending."""

from __future__ import annotations

from typing import Any

from tayari_simulator.core.world import World

Json = dict[str, Any]


def balance(world: World, *, under_way: int) -> Json:
    """As in `docs/control-api.md`. `under_way`: callbacks of payments that wait for the merchant's answer.

    Pending payments are counted one by one and are not the remainder of the others, so that a payment that was lost
    shows. So does one for which something is to come that nobody has planned.
    """
    counts = world.counts
    open_payments = [payment for payment in world.payments.all() if payment.pending]
    owed = sum(payment.pending for payment in open_payments)
    planned = len(world.agenda) - world.reordering.gone + under_way
    accepted = counts.accepted_before + counts.pushes_accepted
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
