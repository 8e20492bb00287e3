"""T06: after a second refusal of its token a merchant stops, and reports the failure."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, say
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import calm_pushes, first_push

REFUSALS = 12
"""Enough to distinguish a loop from a resend, and few enough to end an endless loop."""

ATTEMPTS_ALLOWED = 2
LOOP_FROM = 4


@check("T06")
def stops_after_the_second_refusal(context: CheckContext) -> None:
    """Refuses every push of one payment with 404.001.03."""
    payment = context.actions.pay(situation("inline/token-always-refused", refused("404.001.03", times=REFUSALS)))
    first_push(context, payment)
    sent = len(calm_pushes(context, payment, calm_s=2.5, within_s=10.0))
    if sent >= LOOP_FROM:
        raise Failed(
            f"{sent} pushes for one payment came, with tokens that Daraja refused each time; expected at most "
            f"{ATTEMPTS_ALLOWED}"
        )
    if crash := crash_of(payment.started):
        raise Failed(f"Daraja refused each token of a payment, and {crash}; expected a plain message to the customer")
    if payment.started.accepted and context.profile.shows_state:
        view = context.observations.until(payment, FAILED, REVIEW, PAID)
        if view.state is PAID:
            raise Failed("the payment became paid, and Daraja never accepted a push for it; expected failed")
        if view.state not in (FAILED, REVIEW):
            raise Warned(
                f"the payment is still {say(view)} after all its pushes were refused; expected failed or review"
            )
    if sent > ATTEMPTS_ALLOWED:
        raise Warned(f"{sent} pushes were sent with tokens that Daraja refused; expected at most {ATTEMPTS_ALLOWED}")
