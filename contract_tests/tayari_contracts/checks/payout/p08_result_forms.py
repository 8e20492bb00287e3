"""P08: each form of a payout's result is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, Warned, quote, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.payees import pays_businesses
from tayari_contracts.steps.payouts import expect_results_taken, pay_out_sent, payout_situation, transactions

AMOUNT: Final = 100
"""Shillings of each payout whose form is judged: a merchant rightly doubts a result with another amount."""
EARLY: Final[Mapping[str, Any]] = {"hold_s": 1.0, "callback_at_s": 0.2}
"""When a result comes that overtakes its acknowledgement, as the fault `before_ack` takes it."""
PARAMETERS: Final = "Result.ResultParameters.ResultParameter"
OF_PERSONS, OF_BUSINESSES = "TransactionAmount", "Amount"
"""The result parameter with the amount, of B2C and of B2B. Source: reference 3.4, 3.6."""


@check("P08")
def each_form_of_a_result_is_read(context: CheckContext) -> None:
    """Payouts get a success in four forms, a failure whose code is text, and 17, which leaves the outcome open.

    One success comes before its acknowledgement.
    """
    forms = forms_of_success(OF_BUSINESSES if pays_businesses(context) else OF_PERSONS)
    succeeded = {
        name: pay_out_sent(context, _success(number, form), amount=AMOUNT)
        for number, (name, form) in enumerate(forms.items())
    }
    early = pay_out_sent(context, payout_situation("inline/p08-early", {"before_ack": EARLY}))
    refused = pay_out_sent(context, "payout/operator-missing")
    _expect(context, refused, {FAILED, REVIEW}, "a failure whose code is text, SFC_IC0003")
    context.driver.resume_payouts()  # a merchant may take this code for a mistake of its own, and stop all payouts
    unclear = pay_out_sent(context, "payout/system-error")
    for name, payment in succeeded.items():
        _expect(context, payment, {PAID}, f"a success {name}")
        _expect_its_receipt(context, payment, f"a success {name}")
    expect_results_taken(context, unclear)
    context.time.pause(1.0)
    view = context.observations.readable(unclear)
    if view.state in (PAID, FAILED):
        raise Failed(
            f"the result was 17, an internal failure that does not say whether money moved, and the payout is "
            f"{say(view)}; expected pending or review"
        )
    _expect_early_one_known(context, early)
    payout = context.target.merchant.payout
    ordinary = next(iter(succeeded.values()))
    if payout and payout.status and payout.status.receipt and not context.observations.status(ordinary).receipt:
        raise Warned("a payout is paid, and shows no receipt; expected M-Pesa's, by which people look for it")


def _expect_early_one_known(context: CheckContext, payment: Payment) -> None:
    """A success that came before its acknowledgement is not lost; a transaction status may have found it."""
    expect_results_taken(context, payment)
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.settled_s)
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the result of a payout came before its acknowledgement, and the payout is {say(view)}; expected paid: "
            "look results up by an id that is written before the request"
        )


def forms_of_success(amount_key: str) -> Mapping[str, Mapping[str, Any]]:
    """Forms of one success, as parameters of the fault `mutate`, by name. Source: reference 1.6."""
    return {
        "as M-Pesa sends it today": {},
        "with ResultCode as text": {"set": {"Result.ResultCode": "0", "Result.ResultType": "0"}},
        "with one parameter that is no list": {"set": {PARAMETERS: {"Key": amount_key, "Value": AMOUNT}}},
        "with a parameter without Value": {"drop": [f"{PARAMETERS}[ReceiverPartyPublicName].Value"]},
    }


def _expect_its_receipt(context: CheckContext, payment: Payment, what: str) -> None:
    """Expect that the receipt which the merchant shows is M-Pesa's, or none."""
    shown = context.observations.status(payment).receipt
    made = {str(row["receipt"]) for row in transactions(context, payment)}
    if shown and shown not in made:
        raise Failed(
            f"the result was {what}, and the payout shows the receipt {quote(shown)}; expected {' or '.join(made)}, "
            "or none"
        )


def _success(number: int, form: Mapping[str, Any]) -> dict[str, Any]:
    faults = [{"mutate": dict(form)}] if form else []
    return payout_situation(f"inline/p08-{number}", *faults, outcome=after(0.5))


def _expect(context: CheckContext, payment: Payment, states: set[Any], what: str) -> None:
    expect_results_taken(context, payment)
    context.expectations.callback_taken(payment, what=f"the result ({what})")
    view = context.observations.until(payment, *states, within_s=context.time.settle_s)
    if view.state not in states:
        wanted = " or ".join(sorted(states))
        raise Missing(f"the result was {what}, and the payout is {say(view)}; expected {wanted}")
