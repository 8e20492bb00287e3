"""Q02: each form of "in flight" leaves the payment pending."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.status_queries import expect_undecided, unanswered

FORMS: Final = {
    "4999": "ResultCode 4999, in a 200",
    "processing": "500.001.1001 The transaction is being processed",
    "empty": "500.001.1001 without a message",
    "too_early": "400.002.02 Invalid CheckoutRequestID, as right after the push",
}


@check("Q02")
def in_flight_is_pending(context: CheckContext) -> None:
    """One payment for each form: the first query is answered with it, the next one with the true result."""
    payments = {
        form: context.actions.pay_accepted(
            unanswered("inline/q02-in-flight", query={"in_flight": [form], "for_calls": 1})
        )
        for form in FORMS
    }
    for form, payment in payments.items():
        expect_undecided(context, payment, because=f"the query said that it is in flight ({FORMS[form]})")
