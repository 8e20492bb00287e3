"""C16: a success without a receipt is not the end of it."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.inline_scenarios import ITEM, after, situation
from tayari_contracts.context.payment import FAILED, PAID, REVIEW

WATCH_S = 6.0
IN_FLIGHT = 1000
"""This many queries hear that the payment is in flight: more than any merchant sends while this check looks."""


@check("C16")
def a_success_without_receipt_is_not_final(context: CheckContext) -> None:
    """The callback says 0 and brings no receipt, and the query does not confirm it."""
    payment = context.actions.pay_accepted(
        situation(
            "inline/c16-no-receipt",
            {"mutate": {"drop": [f"{ITEM}[MpesaReceiptNumber]"]}},
            outcome=after(0.5),
            query={"in_flight": ["4999"], "for_calls": IN_FLIGHT},
        )
    )
    context.expectations.callback_taken(payment)
    context.observations.until(payment, (PAID, FAILED, REVIEW), within_s=WATCH_S)
    view = context.expectations.status_after_queue(payment)
    if view.state is PAID:
        raise Failed("a success without a receipt was final; expected pending until a query confirms it")
    if view.state is FAILED:
        raise Failed("a success without a receipt made the payment failed, although the money may have been taken")
    context.expectations.require_callback_read(payment)
    if context.profile.shows_credits:
        context.expectations.credits(payment, 0, quiet_s=0.0, because="no receipt came, and no query confirmed it")
