"""B05: a payment that cannot be booked is rejected before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_formats.json_text import read_object

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.steps.c2b_payments import ask_validation, new_account

UNKNOWN_ACCOUNT: Final = "C2B00012"
WRONG_AMOUNT: Final = "C2B00013"
ACCEPTED: Final = "0"
NOBODY: Final = "NOBODY-404"
MORE: Final = 37
"""Shillings above the amount that is due."""


@check("B05")
def a_payment_that_cannot_be_booked_is_rejected(context: CheckContext) -> None:
    """Validations of a good payment, of an unknown account, and of a wrong amount."""
    account = new_account(context)
    _expect(ask_validation(context, account), ACCEPTED, "a payment of what is due into an account that is open")
    _expect(
        ask_validation(context, account, typed=NOBODY),
        UNKNOWN_ACCOUNT,
        f"a payment to the account {NOBODY}, which is not there",
    )
    if "top_up" in context.target.merchant.capabilities:
        context.evidence.notes.append("amounts were not tried: with the capability top_up any amount may be paid in")
        return
    if not context.profile.receives_account_amount:
        context.evidence.notes.append("amounts were not tried: merchant.c2b.open_account sends no {amount}")
        return
    wrong = int(account.amount) + MORE
    _expect(
        ask_validation(context, account, amount=wrong),
        WRONG_AMOUNT,
        f"a payment of {wrong} where {account.amount} are due",
    )


def _expect(answer: Mapping[str, Any], code: str, what: str) -> None:
    text = read_object(answer["body"]) if answer["status"] == 200 else {}
    if str(text.get("ResultCode")).strip() == code:
        return
    found = (
        f"{answer['status']}, {quote(str(answer['body']), most=100)}" if answer["status"] is not None else "not at all"
    )
    meaning = (
        "which lets it through" if code == ACCEPTED else "which rejects it with the reason that the customer is told"
    )
    raise Failed(f'{what} was validated with {found}; expected 200 and ResultCode "{code}", {meaning}')
