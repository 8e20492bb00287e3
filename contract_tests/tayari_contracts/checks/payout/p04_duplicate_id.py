"""P04: 500.002.1001 means that the payout was accepted before."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested
from tayari_contracts.steps.control_payouts import WATCHED_S
from tayari_contracts.steps.payouts import (
    error_of,
    pay_out_sent,
    payout_requests,
    require_readable,
    watch,
)

DUPLICATE: Final = "500.002.1001"


@check("P04")
def a_duplicate_is_an_accepted_payout(context: CheckContext) -> None:
    """Daraja answers 500.002.1001: it had accepted a request with this id before."""
    payment = pay_out_sent(context, "payout/duplicate-id")
    if error_of(payout_requests(context, payment)[0]) != DUPLICATE:
        raise Untested(
            f"the request was not answered {DUPLICATE}: {payout_requests(context, payment)[0].get('response')}"
        )
    view = watch(
        context, payment, for_s=WATCHED_S, why=f"Daraja answered {DUPLICATE}, so it had accepted the payout before"
    )
    require_readable(view)
