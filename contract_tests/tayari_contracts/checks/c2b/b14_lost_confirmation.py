"""B14: payments whose confirmation was lost are found by pull transactions."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.c2b_payments import (
    confirm_again,
    expect_recovered,
    has_accounts,
    pay_in,
    pay_in_confirmed,
    unconfirmed,
    wait_until_paid,
)

SECOND_S: Final = 1.0
"""A pull asks for payments from a second on."""


@check("B14")
def a_lost_confirmation_is_made_up_for(context: CheckContext) -> None:
    """The payment is made, no confirmation comes, and pull transactions list it; later a confirmation comes.

    Before the pull, the confirmation of a newer payment comes.
    """
    payment = pay_in(context, unconfirmed("inline/b14-lost"))
    wait_until_paid(context, payment)
    if has_accounts(context, 2, "a newer payment before the pull"):
        context.time.pause(SECOND_S)
        pay_in_confirmed(context)
    expect_recovered(context, payment, "its confirmation was lost")
    context.driver.recover_c2b()
    confirm_again(context, payment)
    context.expectations.credits(payment, 1, because="a lost payment was pulled twice, and then confirmed after all")
