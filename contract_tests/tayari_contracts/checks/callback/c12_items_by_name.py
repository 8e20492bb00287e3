"""C12: the items of CallbackMetadata are read by name."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext

OTHER_ORDER = ("PhoneNumber", "TransactionDate", "MpesaReceiptNumber", "Amount")


@check("C12")
def items_are_read_by_name(context: CheckContext) -> None:
    """One success lists its items in another order, and another has two more items first."""
    turned = context.actions.pay_accepted(
        situation("inline/c12-other-order", {"mutate": {"order": list(OTHER_ORDER)}}, outcome=after(0.5))
    )
    more = {f"{ITEM}[Balance]": {"Name": "Balance", "Value": 7}, f"{ITEM}[Fee]": {"Name": "Fee", "Value": 3}}
    longer = context.actions.pay_accepted(
        situation("inline/c12-more-items", {"mutate": {"set": more, "order": ["Balance", "Fee"]}}, outcome=after(0.5))
    )
    context.expectations.callback_read(turned, because="the items came in another order")
    context.expectations.callback_read(longer, because="two more items came first")
