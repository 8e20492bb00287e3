"""B06: a validation credits nothing."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, WrongCredit
from tayari_contracts.steps.c2b_payments import ask_validation, new_account


@check("B06")
def a_validation_credits_nothing(context: CheckContext) -> None:
    """Two validations of a payment come, and the customer does not pay."""
    account = new_account(context)
    answers = [ask_validation(context, account), ask_validation(context, account)]
    if not any(answer["status"] == 200 for answer in answers):
        raise Untested(f"no validation was taken: it was answered {answers[-1]['status']}")
    context.time.pause(1.5)
    found = context.observations.credits(account)
    if found.count:
        credited = "with it" if found.total is None else f"{found.total:g} shillings"
        raise WrongCredit(
            f"M-Pesa asked whether a payment may be made, nothing was paid, and the account was credited {credited}; "
            "expected nothing before a confirmation"
        )
