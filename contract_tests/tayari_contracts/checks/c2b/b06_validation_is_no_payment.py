"""B06: a validation credits nothing, and blocks no payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_formats.json_text import read_object

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, Warned, WrongCredit, quote
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.c2b_payments import (
    ask_validation,
    confirm_again,
    expect_credited,
    new_account,
    pay_in,
    unconfirmed,
    wait_until_paid,
)

ACCEPTED: Final = "0"


@check("B06")
def a_validation_credits_nothing(context: CheckContext) -> None:
    """A validation comes, and the customer does not pay. Then another comes, and a confirmation with its TransID."""
    account = new_account(context)
    answer = ask_validation(context, account)
    if answer["status"] != 200:
        raise Untested(f"no validation was taken: it was answered {answer['status']}")
    context.time.pause(1.5)
    found = context.observations.credits(account)
    if found.count:
        credited = "with it" if found.total is None else f"{found.total:g} shillings"
        raise WrongCredit(
            f"M-Pesa asked whether a payment may be made, nothing was paid, and the account was credited {credited}; "
            "expected nothing before a confirmation"
        )
    if _code(answer) == ACCEPTED:
        _expect_next_one_credited(context, account)
    else:
        context.evidence.notes.append("the validation was rejected, so no confirmation followed it")


def _expect_next_one_credited(context: CheckContext, account: Payment) -> None:
    """The next payment into the account is let through, and credited when it is confirmed.

    Raises:
        Warned: it is rejected; some keep an account for a while. Missing: it is not credited.
    """
    payment = pay_in(context, unconfirmed("inline/b06-paid"), into=account)
    again = ask_validation(context, payment, receipt=payment.transaction_id)
    if _code(again) != ACCEPTED:
        raise Warned(
            "M-Pesa asked whether a payment may be made, and its customer did not pay; the next try was validated with "
            f"{again['status']}, {quote(str(again['body']), most=100)}; expected it to be accepted as the first was, "
            "because nothing was paid"
        )
    wait_until_paid(context, payment)
    confirm_again(context, payment)
    expect_credited(context, payment, "M-Pesa asked whether it may be made, and confirmed it under the same TransID")


def _code(answer: Mapping[str, Any]) -> str:
    return str(read_object(answer["body"]).get("ResultCode")).strip() if answer["status"] == 200 else ""
