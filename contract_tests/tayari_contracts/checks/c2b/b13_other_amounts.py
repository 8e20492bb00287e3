"""B13: over-, under- and unasked payments stay visible."""

from __future__ import annotations

from typing import Final

from tayari_reports.model import NotTested

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, WrongCredit
from tayari_contracts.context.payment import PAID, REVIEW, Payment
from tayari_contracts.steps.c2b_payments import (
    credited_shillings,
    is_on_statement,
    is_unallocated,
    new_account,
    pay_in_confirmed,
)
from tayari_contracts.steps.c2b_registration import section

OFF: Final = 50
"""Shillings above and below what is due."""


@check("B13")
def other_amounts_stay_visible(context: CheckContext) -> None:
    """More than is due, less than is due, and once more when nothing is due."""
    over, under, paid = new_account(context), new_account(context), new_account(context)
    due = int(over.amount)
    _expect_visible(
        context, pay_in_confirmed(context, into=over, amount=due + OFF), f"{due + OFF} shillings, {due} were due"
    )
    due = int(under.amount)
    _expect_visible(
        context, pay_in_confirmed(context, into=under, amount=due - OFF), f"{due - OFF} shillings, {due} were due"
    )
    due_one = pay_in_confirmed(context, into=paid)
    _expect_visible(context, due_one, f"{paid.amount} shillings, as many as were due")
    # if it were credited only after the next payment began, its credit would count for that one
    context.observations.until(due_one, PAID, within_s=context.time.settle_s)
    _expect_visible(
        context, pay_in_confirmed(context, into=paid), f"{paid.amount} shillings into an account with nothing due"
    )


def _expect_visible(context: CheckContext, payment: Payment, what: str) -> None:
    """The payment is credited in full, or not at all and on the statement, or among the unallocated ones.

    Raises:
        WrongCredit: more than it is credited. Failed: it is nowhere. Warned: staff do not see a part of it.
        Untested: the target file shows no place where it could be.
    """
    context.observations.until(payment, (PAID, REVIEW), within_s=2.0)
    found = (is_on_statement(context, payment), is_unallocated(context, payment.transaction_id))
    total = credited_shillings(context, payment)
    if total is not None and total > payment.amount:
        raise WrongCredit(f"a customer paid {what}, and {total:g} were credited; expected what was paid at most")
    if any(found) or (total is not None and total >= payment.amount):
        _expect_rest_parked(context, payment, what, total, is_parked=bool(found[1]))
        return
    if found == (None, None):
        raise Untested(
            "where a payment of another amount is kept cannot be seen",
            why=NotTested.TARGET_KEY_MISSING,
            enable="merchant.c2b.statement or merchant.c2b.unallocated",
        )
    places = (("on the statement", section(context).statement), ("unallocated", section(context).unallocated))
    where = " nor ".join(name for name, listing in places if listing is not None)
    raise Failed(
        f"a customer paid {what}; the receipt {payment.transaction_id} is neither credited in full nor {where}; "
        "expected it to stay visible until a person has decided"
    )


def _expect_rest_parked(
    context: CheckContext, payment: Payment, what: str, total: float | None, *, is_parked: bool
) -> None:
    """Of a payment that is credited in part, staff see the rest: a receipt on the statement does not say who has it.

    Raises:
        Warned: they do not. Failed: they do not, and any amount may be paid in.
    """
    if total is None or not 0 < total < payment.amount or is_parked:
        return
    kind = Failed if "top_up" in context.target.merchant.capabilities else Warned
    raise kind(
        f"a customer paid {what}, and {total:g} were credited; the receipt {payment.transaction_id} is not among "
        "the unallocated payments, so that nobody is told of the rest; expected it to be credited, or parked"
    )
