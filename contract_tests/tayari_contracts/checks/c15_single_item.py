"""C15: a list with one member can arrive as the bare member."""

from __future__ import annotations

from tayari_contracts.checks.c12_items_by_name import ITEM
from tayari_contracts.findings import Failed
from tayari_contracts.probe import FAILED, PAID, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

WATCH_S = 3.0


@check("C15")
def a_single_item_is_handled(probe: Probe) -> None:
    """`Item` is the receipt alone, not a list. The money was taken: paid, pending or review, never failed."""
    receipt = {"Name": "MpesaReceiptNumber", "Value": {"$copy": f"{ITEM}[MpesaReceiptNumber].Value"}}
    alone = {"mutate": {"set": {ITEM: receipt}}}
    payment = probe.pay_accepted(situation("inline/c15-single-item", alone, outcome=after(0.5)))
    probe.expect_callback_taken(payment)

    probe.until(payment, (PAID, FAILED), within_s=WATCH_S)
    view = probe.after_the_queue(payment)
    if view.state is FAILED:
        raise Failed("a success with a single object as metadata made the payment failed; the money was taken")
    if view.state is PAID and probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.3, because="CallbackMetadata.Item was a single object")
