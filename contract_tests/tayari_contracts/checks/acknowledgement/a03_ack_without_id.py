"""A03: an acknowledgement without a CheckoutRequestID crashes nothing."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Warned, quote, say
from tayari_contracts.context.message_topics import crash_of, problems_of
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW
from tayari_contracts.steps.pushes import first_push

REFUSALS = 6
WATCHED_S = 4.0


@check("A03")
def survives_a_missing_id(context: CheckContext) -> None:
    """The acknowledgement says "0" without a CheckoutRequestID. A merchant may call the payment failed, or pending."""
    payment = context.actions.pay(situation("inline/ack-without-id", {"ack_without_id": {"times": REFUSALS}}))
    first_push(context, payment)
    if crash := crash_of(payment.started):
        raise Failed(f"the acknowledgement had no CheckoutRequestID, and {crash}; expected no crash")
    if not payment.started.accepted or not context.profile.shows_state:
        return
    view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=WATCHED_S)
    if view.state is PAID:
        raise Failed("the acknowledgement had no CheckoutRequestID, and the payment is paid; expected failed")
    if view.state is None:
        raise Unjudged(f"the payment is {say(view)}")
    if view.state is PENDING and view.message and problems_of(view.message, "unconfirmed"):
        raise Warned(
            f"without a CheckoutRequestID no result can be matched, and the customer is told {quote(view.message)}; "
            "expected that the payment failed or is being checked"
        )
