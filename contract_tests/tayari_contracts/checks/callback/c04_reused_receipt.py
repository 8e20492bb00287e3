"""C04: one receipt pays one order."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import PAID

RECEIPT = f"{ITEM}[MpesaReceiptNumber].Value"


@check("C04")
def a_receipt_pays_one_order(context: CheckContext) -> None:
    """The callback of a second order names the receipt of the first.

    A merchant that asked Daraja, which reported a success, may settle the second order, but not with that receipt.
    """
    first = context.actions.pay_accepted(situation("inline/c04-first", outcome=after(0.5)))
    context.expectations.require_paid(first)
    receipt = context.journal.record(first).get("receipt")
    if not receipt:
        raise Untested("the first payment got no receipt, so none could be used again")

    second = context.actions.pay_accepted(
        situation("inline/c04-second", {"mutate": {"set": {RECEIPT: receipt}}}, outcome=after(0.5))
    )
    context.expectations.callback_taken(second)
    view = context.expectations.final_status(second)
    asked = bool(context.journal.queries(second))
    if view.state is PAID and view.receipt == receipt:
        raise Failed(f"two orders are paid with one receipt, {receipt}; expected the second to be refused or reviewed")
    if view.state is PAID and not asked:
        raise Failed(
            f"an order was paid by the callback that names receipt {receipt}, which had paid another order; expected "
            "review"
        )
    context.expectations.credits(first, 1, quiet_s=0.0, because="its receipt came again, for another order")
