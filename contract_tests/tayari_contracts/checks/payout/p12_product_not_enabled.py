"""P12: a product that is not enabled is a mistake of the set-up, and pays nobody."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, say
from tayari_contracts.context.payment import PAID
from tayari_contracts.steps.payouts import (
    alerted,
    error_of,
    pay_out_sent,
    payout_requests,
    payout_situation,
    resume,
    transactions,
)

NOT_ENABLED: Final = "403.002.1001"


@check("P12")
def a_product_that_is_not_enabled_is_reported_to_staff(context: CheckContext) -> None:
    """Daraja answers 403.002.1001: the app may not use this API."""
    before = context.driver.read_alerts()
    payment = pay_out_sent(context, payout_situation("inline/p12-not-enabled", refused(NOT_ENABLED)))
    try:
        if error_of(payout_requests(context, payment)[0]) != NOT_ENABLED:
            raise Untested(f"the request was not answered {NOT_ENABLED}")
        context.time.pause(2.0)
        view = context.observations.readable(payment)
        if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
            raise Failed(
                f"Daraja answered {NOT_ENABLED}, so nothing was paid, and the payout is {say(view)}; expected failed"
            )
        if view.state is None:
            raise Failed(
                f"Daraja answered {NOT_ENABLED}, and the payout cannot be read any more: {say(view)}; expected it kept"
            )
        if before is not None and not alerted(context, before):
            raise Warned(
                f"Daraja answered {NOT_ENABLED}, a mistake of the set-up, and no alert says so; expected an alert"
            )
    finally:
        resume(context)
