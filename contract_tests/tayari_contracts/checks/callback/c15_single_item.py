"""C15: a single item instead of a list is handled."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, say
from tayari_contracts.context.payment import FAILED, PAID, SETTLED

WATCH_S = 3.0


@check("C15")
def a_single_item_is_handled(context: CheckContext) -> None:
    """`Item` is one object with the receipt. The money was taken, so the payment ends as paid or in review."""
    receipt = {"Name": "MpesaReceiptNumber", "Value": {"$copy": f"{ITEM}[MpesaReceiptNumber].Value"}}
    alone = {"mutate": {"set": {ITEM: receipt}}}
    payment = context.actions.pay_accepted(situation("inline/c15-single-item", alone, outcome=after(0.5)))
    context.expectations.callback_taken(payment)

    context.observations.until(payment, *SETTLED, within_s=WATCH_S)
    view = context.expectations.status_after_queue(payment)
    if view.state not in SETTLED:
        view = context.observations.until(
            payment, *SETTLED, within_s=max(0.0, payment.began_at + context.time.patience_s - time.time())
        )
    if view.state is FAILED:
        raise Failed(
            "a success with a single object as metadata made the payment failed; expected paid or review, because the "
            "money was taken"
        )
    if view.state not in SETTLED:
        raise Failed(
            f"a success with a single object as metadata was answered, and the payment is {say(view)} "
            f"{time.time() - payment.began_at:.0f} s later: neither the callback nor a status query settled it; "
            "expected paid or review, because the money was taken"
        )
    if view.state is PAID:
        context.expectations.credits(payment, 1, quiet_s=0.3, because="CallbackMetadata.Item was a single object")
