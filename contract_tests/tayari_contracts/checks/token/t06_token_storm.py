"""T06: a second token failure is reported, not looped."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, say
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import calm_pushes, first_push

REFUSALS = 12
"""Enough to tell a loop from a resend, few enough to end a loop that has no end of its own."""

ATTEMPTS_ALLOWED = 2
LOOP_FROM = 4


@check("T06")
def stops_after_the_second_refusal(context: CheckContext) -> None:
    """Every push of one payment is refused with 404.001.03."""
    payment = context.actions.pay(situation("token/always-refused", refused("404.001.03", times=REFUSALS)))
    first_push(context, payment)
    sent = len(calm_pushes(context, payment, calm_s=2.5, within_s=10.0))
    if sent >= LOOP_FROM:
        raise Failed(f"a token that Daraja keeps refusing made {sent} pushes for one payment; expected at most 2")
    if crash := crash_of(payment.started):
        raise Failed(f"after Daraja refused the token twice, {crash}; expected a plain word to the customer")
    if payment.started.accepted and context.profile.shows_state:
        view = context.observations.until(payment, FAILED, REVIEW, PAID)
        if view.state is PAID:
            raise Failed("the payment became paid, and Daraja never accepted a push for it")
        if view.state not in (FAILED, REVIEW):
            raise Warned(f"the payment is still {say(view)} after both pushes were refused; expected an end to it")
    if sent > ATTEMPTS_ALLOWED:
        raise Warned(f"{sent} pushes were sent with tokens that Daraja refused; expected at most {ATTEMPTS_ALLOWED}")
