"""C17: an unknown result code is no success, and nothing is promised on it."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import promises_in
from tayari_contracts.context.payment import FAILED, PAID, REVIEW

UNKNOWN = {**after(0.5, result_code=5999), "result_desc": "The service request could not be completed."}
"""The outcome 5999, a code in no list; the text is invented."""
WATCH_S = 4.0


@check("C17")
def an_unknown_code_is_neither_success_nor_promise(context: CheckContext) -> None:
    """The callback says 5999."""
    payment = context.actions.pay_accepted(situation("inline/c17-unknown-code", outcome=UNKNOWN))
    context.expectations.callback_taken(payment)
    context.observations.until(payment, FAILED, REVIEW, PAID, within_s=WATCH_S)
    context.expectations.status_after_queue(payment)
    context.expectations.unpaid(payment, for_s=0.0, because="the callback carried 5999, a code that is not 0")
    context.expectations.require_callback_read(payment)

    text = context.observations.messages(payment)
    if promises_in(text):
        raise Failed(
            f"on an unknown code the customer was told {quote(text)}; expected that the payment is being checked, "
            "because it is not known what happened to the money"
        )
