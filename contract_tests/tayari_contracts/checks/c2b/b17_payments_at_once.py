"""B17: payments into one account that come at the same moment are all booked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from tayari_money.invariants import shillings

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, WrongCredit
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.c2b_payments import (
    EARLY_S,
    confirm_again,
    credited_shillings,
    expect_credited,
    has_accounts,
    is_unallocated,
    new_account,
    pay_in,
    unconfirmed,
)
from tayari_contracts.steps.timed_acts import Act, play

ROUNDS: Final = 3
PAYERS: Final = 3


@check("B17")
def payments_that_come_together_add_up(context: CheckContext) -> None:
    """Three customers pay into one account, and their confirmations come at the same moment. Two rounds.

    In a third round each pays into another account.
    """
    can_part = has_accounts(context, ROUNDS - 1 + PAYERS, "paying into several accounts at the same moment")
    for number in range(ROUNDS if can_part else ROUNDS - 1):
        shared = new_account(context) if number < ROUNDS - 1 else None
        paid = [pay_in(context, unconfirmed(f"inline/b17-{number}-{n}"), into=shared) for n in range(PAYERS)]
        context.time.pause(2 * EARLY_S)
        play(context, [Act(0.0, partial(confirm_again, context, payment)) for payment in paid])
        if shared is not None:
            expect_all_booked(context, paid)
        for payment in paid if shared is None else ():
            expect_credited(context, payment, "three customers paid into three accounts at the same moment")


def expect_all_booked(context: CheckContext, paid: Sequence[Payment]) -> None:
    """Expect that the account was credited the sum of these payments, or that the rest is listed as unallocated.

    Raises:
        WrongCredit: it was credited more. Failed: less, and staff do not see the rest. Unjudged: no sum is shown.
    """
    due = float(sum(payment.amount for payment in paid))
    what = f"{len(paid)} customers paid {shillings(due)} shillings into one account at the same moment"
    total = context.time.until(
        lambda: (found := credited_shillings(context, paid[0])) is not None and found >= due and found,
        within_s=context.time.settle_s,
    ) or credited_shillings(context, paid[0])
    if total is None:
        raise Unjudged(f"{what}; merchant.c2b.account shows no total, so that nothing says whether all were booked")
    if total > due:
        raise WrongCredit(f"{what}, and {shillings(total)} were credited; expected {shillings(due)}")
    parked = sum(payment.amount for payment in paid if is_unallocated(context, payment.transaction_id))
    if total + parked < due:
        raise Failed(
            f"{what}, and {shillings(total)} were credited; expected {shillings(due)}: one confirmation read the "
            "account and wrote it when another one had changed it, or the rest is taken for a repeat or an overpayment"
        )
