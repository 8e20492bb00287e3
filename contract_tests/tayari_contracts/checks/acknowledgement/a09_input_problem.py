"""A09: 400.002.02 is shown as an input problem, and the push is not sent again."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import crash_of, problems_of, raw_words_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import calm_pushes, first_push

REFUSALS = 12
WATCHED_S = 5.0


@check("A09")
def shows_an_input_problem(context: CheckContext) -> None:
    """Every push of the payment is refused with `Bad Request - Invalid PhoneNumber`."""
    payment = context.actions.pay(
        situation("inline/ack-invalid-number", refused("400.002.02.invalid_phone_number", times=REFUSALS))
    )
    first_push(context, payment)
    pushes = calm_pushes(context, payment, calm_s=WATCHED_S, within_s=2 * WATCHED_S)
    if len(pushes) > 1:
        raise Failed(f"a push that Daraja refused as Invalid PhoneNumber was sent {len(pushes)} times; expected once")
    if crash := crash_of(payment.started):
        raise Failed(f"Daraja refused the number (400.002.02), and {crash}; expected a message to the customer")
    if context.profile.shows_state and payment.started.accepted:
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=5.0)
        if view.state is PAID:
            raise Failed("Daraja refused the number (400.002.02), and the payment is paid; expected failed")
    if context.profile.shows_messages:
        message = context.observations.outcome_message(payment)
        problems = ["shows Daraja's raw words"] if raw_words_of(message) else problems_of(message, "invalid_input")
        if problems:
            raise Failed(
                f"Daraja refused the number, and the customer was told {quote(message)}: {'; '.join(problems)}"
            )
