"""Q11: while the result is unknown, nobody is asked to pay again."""

from __future__ import annotations

import time

from tayari_target.driver import StatusView

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.message_topics import invites_payment
from tayari_contracts.context.payment import FAILED, PENDING, Payment
from tayari_contracts.steps.status_queries import unanswered

WATCH_S = 60.0
OFTEN_S = 1.0
IN_FLIGHT = 30


@check("Q11")
def silence_asks_for_no_second_payment(context: CheckContext) -> None:
    """No callback comes, queries are answered "in flight", and the page is read until the payment is not pending."""
    payment = context.actions.pay_accepted(
        unanswered("inline/q11-silence", query={"in_flight": ["4999"], "for_calls": IN_FLIGHT})
    )
    if context.observations.status(payment).state is not PENDING:
        raise Untested("the payment was never seen pending, so no message to a waiting customer was seen")
    end = time.monotonic() + WATCH_S
    while True:
        view = context.observations.status(payment)
        expect_no_invitation(context, payment, view)
        if view.state is not PENDING or time.monotonic() >= end or not context.time.remains:
            return
        context.time.pause(OFTEN_S)


def expect_no_invitation(context: CheckContext, payment: Payment, view: StatusView) -> None:
    """Expect no invitation to pay again while the payment is pending, or only the merchant calls it failed.

    Raises:
        Failed: there is one.
    """
    text = context.observations.outcome_message(payment, view)
    if view.state in (PENDING, FAILED) and invites_payment(text):
        raise Failed(
            f"the first payment may still arrive, and the customer was told {quote(text)}; "
            "expected that it is being checked"
        )
