"""P09: a placeholder is no receipt."""

from __future__ import annotations

from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Untested
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.payees import pays_businesses
from tayari_contracts.steps.payouts import expect_results_taken, pay_out_sent, payout_situation

PLACEHOLDERS: Final = ("UJ70000000", "0000000000000000")
"""Values of TransactionID where no transaction was made. Source: reference 1.5."""


@check("P09")
def a_placeholder_is_no_receipt(context: CheckContext) -> None:
    """Successes have a placeholder as TransactionID; the receipt is in the parameters, as always."""
    if pays_businesses(context):
        raise Inapplicable("the receipt of a B2B payment is in TransactionID, so a success has no placeholder there")
    played = [
        (text, pay_out_sent(context, payout_situation(f"inline/p09-{number}", _with_id(text), outcome=after(0.5))))
        for number, text in enumerate(PLACEHOLDERS)
    ]
    settled = 0
    for text, payment in played:
        expect_results_taken(context, payment)
        view = context.observations.until(payment, PAID, FAILED, REVIEW, within_s=context.time.settle_s)
        if view.receipt == text:
            raise Failed(
                f"the payout shows the receipt {text}, which is a placeholder of M-Pesa's; expected TransactionReceipt "
                "of the parameters"
            )
        settled += view.state is PAID
    if not settled:
        raise Untested("no payout whose TransactionID is a placeholder was settled, so no receipt was stored")


def _with_id(text: str) -> dict[str, Any]:
    return {"mutate": {"set": {"Result.TransactionID": text}}}
