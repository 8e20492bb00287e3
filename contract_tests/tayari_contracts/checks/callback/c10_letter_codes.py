"""C10: result codes with letters are failures, not crashes and not successes."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import FAILED, REVIEW

CODES = ("SFC_IC0003", "E3008")


@check("C10")
def codes_with_letters_are_failures(context: CheckContext) -> None:
    """One payment for each of the codes with letters that were seen."""
    payments = {
        code: context.actions.pay_accepted(situation("inline/c10-letters", outcome=after(0.5, result_code=code)))
        for code in CODES
    }
    for code, payment in payments.items():
        context.expectations.callback_taken(payment)
        context.expectations.state(
            payment, FAILED, REVIEW, within_s=context.time.settled_s, because=f"the result was {code}"
        )
        context.expectations.unpaid(payment, for_s=0.0, because=f"the result was {code}, a failure")
