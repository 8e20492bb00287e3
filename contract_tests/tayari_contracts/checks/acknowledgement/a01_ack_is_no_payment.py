"""A01: an acknowledgement is not a payment."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Unjudged, Warned, quote, say
from tayari_contracts.context.message_topics import receipts_in

WATCHED_S = 3.0


@check("A01")
def waits_for_the_result(context: CheckContext) -> None:
    """Daraja accepts the push, and no callback comes; queries are answered "in flight"."""
    payment = context.actions.pay_accepted(
        situation(
            "inline/ack-nothing-after",
            outcome=after(300, result_code=1037, callback=False),
            query={"in_flight": ["4999"]},
        )
    )
    context.expectations.unpaid(payment, for_s=WATCHED_S, because="Daraja only acknowledged it, and no money moved")
    view = context.observations.status(payment)
    if view.state is None:
        raise Unjudged(f"the payment is {say(view)}")
    text = context.observations.messages(payment)
    if found := receipts_in(text):
        raise Warned(
            f"the payment is {say(view)}, and its customer reads {quote(text)} ({found[0]}); expected nothing of the "
            "kind before the result, because a customer who shows this page gets the goods"
        )
