"""S12: one click makes one prompt."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, times
from tayari_contracts.steps.pushes import calm_pushes, first_push, key_of, start_at_once

OPEN_S = 3.0
"""Seconds until the customer answers; all clicks come before."""


@check("S12")
def pushes_once_for_all_clicks(context: CheckContext) -> None:
    """One order is started twice at the same moment, and once more while the prompt is open."""
    context.profile.require_one_order(by_key=True)
    first = start_at_once(context, requests=2, open_s=OPEN_S, by_one_key=True)
    first_push(context, first)
    context.time.pause(0.5)
    context.actions.pay(
        msisdn=first.msisdn, amount=first.amount, reference=first.reference,
        idempotency_key=key_of(first.reference), at_once=True,
    )  # fmt: skip
    pushes = calm_pushes(context, first, calm_s=1.2, within_s=4.0)
    if len(pushes) > 1:
        raise Failed(
            f"one order, clicked three times, was pushed {times(len(pushes))}; expected one push until it is final "
            "(only the phone's own lock kept Daraja from asking again)"
        )
    if context.profile.shows_state:
        context.expectations.paid_once(
            first, within_s=OPEN_S + context.time.settled_s, because="the customer paid the one prompt"
        )
