"""S12: one click, one prompt."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, times
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.pushes import calm_pushes, first_push

OPEN_S = 3.0
"""How long the customer takes; all clicks fall into this time."""


@check("S12")
def pushes_once_for_all_clicks(context: CheckContext) -> None:
    """The same order twice at the same moment, then once more while the prompt is open."""
    context.profile.require_one_order(by_key=True)
    first = _double_click(context)
    first_push(context, first)
    context.time.pause(0.5)
    _click(context, first.msisdn, int(first.amount), first.reference)
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


def _double_click(context: CheckContext) -> Payment:
    payer, amount, reference = context.allocation.msisdn(), context.allocation.amount(), context.allocation.reference()
    context.control.play_next(situation("payment/slow-customer", outcome=after(OPEN_S)), msisdn=payer)
    clicks = [context.actions.in_background(partial(_click, context, payer, amount, reference)) for _ in range(2)]
    payments = [click.result() for click in clicks]
    taken = next((payment for payment in payments if payment.started.accepted), payments[0])
    return replace(
        taken,
        since=min(payment.since for payment in payments),
        began_at=min(payment.began_at for payment in payments),
    )


def _click(context: CheckContext, payer: str, amount: int, reference: str) -> Payment:
    return context.actions.pay(
        msisdn=payer, amount=amount, reference=reference, idempotency_key=f"click-{reference}", at_once=True
    )
