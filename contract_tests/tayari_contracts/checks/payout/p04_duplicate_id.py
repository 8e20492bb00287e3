"""P04: 500.002.1001 means that the payout was accepted before."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Missing, Untested, say
from tayari_contracts.context.payment import PAID, PENDING, Payment
from tayari_contracts.steps.control_payments import WATCHED_S
from tayari_contracts.steps.payees import pays_businesses
from tayari_contracts.steps.payouts import (
    error_of,
    expect_one_id,
    pay_out_sent,
    payout_requests,
    payout_situation,
    watch,
)

DUPLICATE: Final = "500.002.1001"
"""Two meanings share this code, and the message distinguishes them. Source: reference 3.4 and 9."""
INTERNAL_ERROR: Final = f"{DUPLICATE}.system_internal_error"


@check("P04")
def a_duplicate_is_an_accepted_payout(context: CheckContext) -> None:
    """Daraja answers 500.002.1001, for one payout "Duplicate ...", for another "System internal error."."""
    if pays_businesses(context):
        raise Inapplicable("a B2B request has no id of the merchant's own that could be a duplicate")
    broken = pay_out_sent(
        context, payout_situation("inline/p04-internal-error", {"api_error": {"error": INTERNAL_ERROR}})
    )
    payment = pay_out_sent(context, "payout/duplicate-id")
    if error_of(payout_requests(context, payment)[0]) != DUPLICATE:
        raise Untested(
            f"the request was not answered {DUPLICATE}: {payout_requests(context, payment)[0].get('response')}"
        )
    watch(context, payment, for_s=WATCHED_S, why=f"Daraja answered {DUPLICATE}, so it had accepted the payout before")
    expect_not_taken_for_accepted(context, broken)


def expect_not_taken_for_accepted(context: CheckContext, payment: Payment) -> None:
    """Expect that an internal error is not taken for an accepted payout: it is sent again under its id, or ends.

    Raises:
        Failed: it is shown as paid. WrongCredit: it is sent under another id. Missing: it stays pending for ever.
    """
    why = f'Daraja answered {DUPLICATE} "System internal error.", which is no duplicate'

    def went_on() -> bool:
        is_sent_again = len(payout_requests(context, payment)) > 1
        return is_sent_again or context.observations.status(payment).state is not PENDING

    context.time.until(went_on, within_s=context.time.settled_s)
    expect_one_id(context, payment, why)
    view = context.observations.readable(payment)
    if len(payout_requests(context, payment)) > 1:
        return
    if view.state is PAID:
        raise Failed(f"{why}, and the payout is {say(view)} without a result; expected failed or review")
    if view.state is PENDING:
        raise Missing(
            f"{why}, and the payout is {say(view)} {context.time.settled_s:.3g} s later: it was not sent again, and no "
            "result will come; expected the same request again under the same id, or failed, or review"
        )
