"""A08: a busy phone gets no further push, and the customer is asked to wait."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Warned, quote, say
from tayari_contracts.context.message_topics import problems_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import calm_pushes, first_push

REFUSALS = 12
WATCHED_S = 8.0
"""Daraja's documentation asks for a minute, but merchants that push sooner do so within seconds."""


@check("A08")
def leaves_a_busy_phone_alone(context: CheckContext) -> None:
    """Every push of the payment finds another prompt open on the phone."""
    payment = context.actions.pay(
        situation("inline/ack-locked", refused("500.001.1001.unable_to_lock_subscriber", times=REFUSALS))
    )
    first_push(context, payment)
    pushes = calm_pushes(context, payment, calm_s=WATCHED_S, within_s=1.5 * WATCHED_S)
    if len(pushes) > 1:
        raise Failed(
            f"while another prompt was open on the phone, {len(pushes)} pushes were sent, the second after "
            f"{gaps_s(pushes)[0]:.1f} s; expected at most one more, a minute later"
        )
    if context.profile.shows_state and payment.started.accepted:
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=3.0)
        if view.state is PAID:
            raise Failed("Daraja refused the push because the phone was busy, and the payment is paid; expected failed")
        if view.state is None:
            raise Warned(f"the payment is {say(view)} after its push was refused; expected failed or review")
    if context.profile.shows_messages:
        message = context.observations.outcome_message(payment)
        if problems := problems_of(message, "subscriber_busy"):
            raise Failed(f"the phone was busy, and the customer was told {quote(message)}: {'; '.join(problems)}")
