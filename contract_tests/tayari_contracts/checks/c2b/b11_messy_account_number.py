"""B11: a messy account number is matched, or its payment is listed as unallocated."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, WrongCredit
from tayari_contracts.context.payment import PAID, REVIEW
from tayari_contracts.steps.c2b_payments import c2b_situation, new_account, pay_in_confirmed
from tayari_contracts.steps.c2b_registration import section

LONGEST: Final = 20
"""The most characters of a BillRefNumber. Source: reference 3.3."""
NOBODY: Final = "NOBODY-404"


@check("B11")
def a_messy_account_number_is_matched_or_parked(context: CheckContext) -> None:
    """The account number is typed in small letters with blanks, without its end, not at all, and as an unknown one."""
    account = new_account(context)
    part = beginning(context, account.payment_id)
    messy = [f" {account.payment_id.lower()} "[:LONGEST], *filter(None, [part]), "", NOBODY]
    for number, typed in enumerate(messy):
        payment = pay_in_confirmed(context, c2b_situation(f"inline/b11-{number}"), into=account, typed=typed)
        view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.settle_s)
        if view.state not in (PAID, REVIEW) and typed != part:  # this may be the number of another account
            raise Failed(
                f"a customer typed {typed!r} as the account number, paid {payment.amount} shillings, and the receipt "
                f"{payment.transaction_id} is neither credited nor among the unallocated payments; expected one of them"
            )
        if view.state is PAID and typed in (NOBODY, "", part):
            raise WrongCredit(
                f"a customer typed {typed!r} as the account number, and the account {account.payment_id} was credited; "
                "expected the payment among the unallocated ones"
            )


def beginning(context: CheckContext, number: str) -> str | None:
    """The account's number without its last character; None: that may name this account, or another one of the run."""
    part = number[:-1]
    if not part or not number[-1].isalnum() or part in {*context.run.accounts, *section(context).accounts}:
        context.evidence.notes.append("no customer left the end of the account number out: that may be another account")
        return None
    return part
