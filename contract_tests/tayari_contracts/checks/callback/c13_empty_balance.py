"""C13: an item without a Value is handled."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext

AS_SEEN = ("Amount", "MpesaReceiptNumber", "Balance", "TransactionDate", "PhoneNumber")
"""The order of the captures from 2017 to August 2024. Source: reference 3.1."""


@check("C13")
def a_balance_without_value_is_handled(context: CheckContext) -> None:
    """A success comes as it was sent until 2024: with `{"Name": "Balance"}` as third item."""
    empty = {"mutate": {"set": {f"{ITEM}[Balance]": {"Name": "Balance"}}, "order": list(AS_SEEN)}}
    payment = context.actions.pay_accepted(situation("inline/c13-empty-balance", empty, outcome=after(0.5)))

    context.expectations.callback_read(payment, because="the item Balance came without a Value")
