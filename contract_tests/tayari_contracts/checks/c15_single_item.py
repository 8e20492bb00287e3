"""C15: a list with one member can arrive as the bare member."""

from __future__ import annotations

import time

from tayari_contracts.checks.c12_items_by_name import ITEM
from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import FAILED, PAID, SETTLED, Probe
from tayari_contracts.steps.status_queries import patience_s

WATCH_S = 3.0


@check("C15")
def a_single_item_is_handled(probe: Probe) -> None:
    """`Item` is the receipt alone, not a list. The money was taken: paid or review in the end, be it by a query."""
    receipt = {"Name": "MpesaReceiptNumber", "Value": {"$copy": f"{ITEM}[MpesaReceiptNumber].Value"}}
    alone = {"mutate": {"set": {ITEM: receipt}}}
    payment = probe.pay_accepted(situation("inline/c15-single-item", alone, outcome=after(0.5)))
    probe.expect_callback_taken(payment)

    probe.until(payment, SETTLED, within_s=WATCH_S)
    view = probe.after_the_queue(payment)
    if view.state not in SETTLED:
        view = probe.until(payment, SETTLED, within_s=max(0.0, payment.began_at + patience_s(probe) - time.time()))
    if view.state is FAILED:
        raise Failed("a success with a single object as metadata made the payment failed; the money was taken")
    if view.state not in SETTLED:
        raise Failed(
            f"a success with a single object as metadata was answered, and the payment is {say(view)} "
            f"{time.time() - payment.began_at:.0f} s later; the money was taken, and neither the callback nor a status "
            "query settled it"
        )
    if view.state is PAID and probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.3, because="CallbackMetadata.Item was a single object")
