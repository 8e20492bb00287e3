"""P18: an ordinary payout ends as its result says, and is of the amount that was asked for."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.control_payments import judge_control
from tayari_contracts.steps.payouts import transactions


@check("P18")
def an_ordinary_payout_ends_as_its_result_says(context: CheckContext) -> None:
    """A payout that succeeds, and one that fails; the other rules of payouts need the same two."""
    judge_control(context, Control.PAYOUT)
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
