"""Q10: the shopper's screen follows the server, not a timer."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import failures_in
from tayari_contracts.context.payment import FAILED, Payment

SLOW_S = 14.0
"""Seconds until a slow customer answers; the prompt is open for about a minute."""

OFTEN_S = 0.5


@check("Q10")
def the_screen_follows_the_server(context: CheckContext) -> None:
    """One shopper leaves, and comes back after the payment; another looks on for 14 s before the PIN is entered."""
    left = context.actions.pay_accepted(situation("inline/q10-left", outcome=after(3.0)))
    looking = context.actions.pay_accepted(situation("inline/q10-looking", outcome=after(SLOW_S)))
    look_on(context, looking)
    context.expectations.paid_once(
        left, within_s=context.time.settled_s, because="it was paid while its customer looked elsewhere"
    )
    context.expectations.paid_once(
        looking, within_s=SLOW_S + context.time.settled_s, because="its customer took fourteen seconds"
    )


def look_on(context: CheckContext, payment: Payment) -> None:
    """Expect that neither the state nor the message says failed while the prompt is open.

    Raises:
        Failed: one of them does.
    """
    while (passed_s := time.time() - payment.began_at) < SLOW_S - 1.0:
        view = context.observations.status(payment)
        if view.state is FAILED or failures_in(view.message):
            raise Failed(
                f"{passed_s:.0f} s after the start the shopper is told that the payment failed ({quote(view.message)}) "
                "while the prompt is open and M-Pesa has said nothing; expected pending"
            )
        context.time.pause(OFTEN_S)
