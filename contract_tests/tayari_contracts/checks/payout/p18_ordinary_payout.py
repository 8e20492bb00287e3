"""P18: an ordinary payout is of the right amount, and ends as its result says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

from tayari_money.payment_record import PaymentState

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.control_payments import judge_control
from tayari_contracts.steps.payees import NO_M_PESA, new_payee
from tayari_contracts.steps.payouts import (
    await_request,
    expect_results_taken,
    pay_out,
    payout_requests,
    payout_situation,
    transactions,
)
from tayari_contracts.steps.timed_acts import Act, play

FAILS_LAST: Final = after(4.0, result_code=NO_M_PESA)
UNPAID: Final = (FAILED, REVIEW)
PERSONS: Final = 3
TO_ONE_PERSON: Final = ((FAILS_LAST, UNPAID), (after(2.0), (PAID,)), (FAILS_LAST, UNPAID))
"""The payouts that one person gets at a time: how each ends, and the states that may show it.

The result of the second comes first: a merchant that looks for a phone's oldest or newest open payout finds another.
"""


@check("P18")
def an_ordinary_payout_ends_as_its_result_says(context: CheckContext) -> None:
    """Payouts that succeed and fail, which are the control of the other rules about payouts.

    Then three persons get theirs at the same moment, and one person is to get three payouts at a time, of which M-Pesa
    makes the second.
    """
    judge_control(context, Control.PAYOUT)
    _pay_out_at_once(context)
    _expect_right_amounts(context)
    payout = context.target.merchant.payout
    if payout is not None and payout.status is not None:
        _expect_results_of_one_person_apart(context)


def _pay_out_at_once(context: CheckContext) -> None:
    """Several persons get a payout at the same moment, each of another amount."""
    amount = context.allocation.amount()
    acts = [
        Act(0.0, partial(pay_out, context, "payout/success", msisdn=new_payee(context), amount=amount + number))
        for number in range(PERSONS)
    ]
    for payment in play(context, acts):
        await_request(context, cast("Payment", payment))


def _expect_right_amounts(context: CheckContext) -> None:
    """Expect that M-Pesa was asked to pay each person the amount that the merchant was asked for.

    Raises:
        Failed: it was asked for another amount, as it is where one person gets the payout of another.
    """
    if not context.profile.receives_payout_amount:
        context.evidence.notes.append("amounts were not compared: merchant.payout.request sends no {amount}")
        return
    for payment in context.evidence.payments:
        for row in transactions(context, payment):
            if float(row["amount"]) != float(payment.amount):
                raise Failed(
                    f"a payout of {payment.amount} shillings was asked for, and M-Pesa was asked to pay "
                    f"{row['amount']}; expected the same amount"
                )


def _expect_results_of_one_person_apart(context: CheckContext) -> None:
    """Expect that each result ends the payout that it names, while older and newer ones to the same person are open.

    Raises:
        Failed: a payout ended otherwise than its own result says.
    """
    msisdn, amount = new_payee(context), context.allocation.amount()
    sent: list[tuple[Payment, tuple[PaymentState, ...]]] = []
    for number, (outcome, wanted) in enumerate(TO_ONE_PERSON):
        payment = _pay_out_beside(context, f"inline/p18-{number}", msisdn, amount + number, outcome)
        if not payment.started.accepted or not payout_requests(context, payment):
            context.evidence.notes.append("the merchant sent no second payout to one person while another was open")
            return  # the next request to this person would play the scenario of the one that was not sent
        sent.append((payment, wanted))
    expect_results_taken(context, sent[0][0], count=len(sent))
    for payment, wanted in sorted(sent, key=lambda one: PAID not in one[1]):
        view = context.observations.until(payment, *wanted, within_s=context.time.settled_s)
        if view.state not in wanted:
            raise Failed(
                "one person was to get three payouts, M-Pesa paid the second and said that the others failed, and one "
                f"of them is {say(view)}; expected {' or '.join(wanted)}, because its own result says so"
            )


def _pay_out_beside(context: CheckContext, name: str, msisdn: str, amount: int, outcome: Mapping[str, Any]) -> Payment:
    """Ask for a payout to a person who may have others open, and wait for its request."""
    payment = pay_out(context, payout_situation(name, outcome=outcome), msisdn=msisdn, amount=amount)
    if payment.started.accepted:
        await_request(context, payment)
    return payment
