"""B13: over-, under- and unasked payments stay visible."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, WrongCredit, key_missing
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
    """Customers pay more than is due, less than is due, and once more when nothing is due."""
    over, under, paid = new_account(context), new_account(context), new_account(context)
    hidden = []
    for account, off in ((over, OFF), (under, -OFF)):
        due = int(account.amount)
        payment = pay_in_confirmed(context, into=account, amount=due + off)
        hidden.append(_hidden_part(context, payment, f"{due + off} shillings, {due} were due"))
    due_one = pay_in_confirmed(context, into=paid)
    hidden.append(_hidden_part(context, due_one, f"{paid.amount} shillings, as many as were due"))
    # a credit after the begin of the next payment would count for that one
    context.observations.until(due_one, PAID, within_s=context.time.settle_s)
    payment = pay_in_confirmed(context, into=paid)
    hidden.append(_hidden_part(context, payment, f"{paid.amount} shillings into an account with nothing due"))
    if found := next(filter(None, hidden), ""):
        raise (Failed if "top_up" in context.target.merchant.capabilities else Warned)(found)


def _hidden_part(context: CheckContext, payment: Payment, what: str) -> str:
    """The reason if staff do not see a part of a payment; empty: it is credited in full, or staff see all of it.

    `what`: the payment in words.

    Raises:
        WrongCredit: more than was paid is credited. Failed: the payment is neither credited nor visible.
        Untested: the target file shows no place where it could be visible.
    """
    context.observations.until(payment, PAID, REVIEW, within_s=2.0)
    found = (is_on_statement(context, payment), is_unallocated(context, payment.transaction_id))
    total = credited_shillings(context, payment)
    if total is not None and total > payment.amount:
        raise WrongCredit(f"a customer paid {what}, and {total:g} were credited; expected what was paid at most")
    if any(found) or (total is not None and total >= payment.amount):
        if total is None or not 0 < total < payment.amount or found[1]:
            return ""
        if found[1] is None:
            context.evidence.notes.append(
                f"a customer paid {what}, and {total:g} were credited; whether the rest is parked cannot be seen "
                "without merchant.c2b.unallocated"
            )
            return ""
        return (
            f"a customer paid {what}, and {total:g} were credited; the receipt {payment.transaction_id} is not among "
            "the unallocated payments, so that nobody is told of the rest; expected it to be credited, or parked"
        )
    if found == (None, None):
        raise key_missing(
            "where a payment of another amount is kept cannot be seen",
            "merchant.c2b.statement or merchant.c2b.unallocated",
        )
    places = (("on the statement", section(context).statement), ("unallocated", section(context).unallocated))
    where = " nor ".join(name for name, listing in places if listing is not None)
    raise Failed(
        f"a customer paid {what}; the receipt {payment.transaction_id} is neither credited in full nor {where}; "
        "expected it to stay visible until a person has decided"
    )
