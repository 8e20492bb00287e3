"""Q10: what the shopper sees follows the server's knowledge, not a timer, nor whether anybody looks."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import failures_in
from tayari_contracts.context.payment import FAILED, Payment

SLOW_S = 14.0
"""A customer who looks for the phone first; the prompt lives for about a minute."""

OFTEN_S = 0.5


@check("Q10")
def the_screen_follows_the_server(context: CheckContext) -> None:
    """One shopper leaves and comes back when it is paid; another looks on for fourteen seconds, then types the PIN."""
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
    """Neither state nor words say failed while the prompt is open.

    Raises:
        Failed: something does, and only time has passed.
    """
    while (passed_s := time.time() - payment.began_at) < SLOW_S - 1.0:
        view = context.observations.status(payment)
        if view.state is FAILED or failures_in(view.message):
            raise Failed(
                f"{passed_s:.0f} s after the start the shopper is told that the payment failed ({quote(view.message)}) "
                "while the prompt is open and M-Pesa has said nothing; expected pending"
            )
        context.time.pause(OFTEN_S)
