"""C12: the items of CallbackMetadata are read by name."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Payment

ITEM = "Body.stkCallback.CallbackMetadata.Item"
OTHER_ORDER = ("PhoneNumber", "TransactionDate", "MpesaReceiptNumber", "Amount")


@check("C12")
def items_are_read_by_name(context: CheckContext) -> None:
    """One success lists its items in another order, one has two items more in front."""
    turned = context.actions.pay_accepted(
        situation("inline/c12-other-order", {"mutate": {"order": list(OTHER_ORDER)}}, outcome=after(0.5))
    )
    more = {f"{ITEM}[Balance]": {"Name": "Balance", "Value": 7}, f"{ITEM}[Fee]": {"Name": "Fee", "Value": 3}}
    longer = context.actions.pay_accepted(
        situation("inline/c12-more-items", {"mutate": {"set": more, "order": ["Balance", "Fee"]}}, outcome=after(0.5))
    )
    expect_read(context, turned, because="the items came in another order")
    expect_read(context, longer, because="two more items came first")


def expect_read(context: CheckContext, payment: Payment, *, because: str) -> None:
    """Taken, paid once with the order's amount and, where receipts can be seen, with the receipt of the callback."""
    context.expectations.callback_taken(payment)
    view = context.expectations.paid_once(payment, within_s=context.time.settled_s, because=because)
    receipt = context.journal.record(payment).get("receipt")
    if view.receipt and receipt and view.receipt != receipt:
        raise Failed(f"receipt {view.receipt} was stored; expected {receipt}: {because}")
