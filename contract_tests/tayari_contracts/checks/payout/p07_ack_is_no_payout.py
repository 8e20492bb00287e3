"""P07: the acknowledgement of a payout is no payment."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Untested
from tayari_contracts.steps.payouts import pay_out_sent, payout_requests, payout_situation, watch


@check("P07")
def an_acknowledgement_is_no_payment(context: CheckContext) -> None:
    """Daraja acknowledges a payout, and its result comes after six seconds."""
    payment = pay_out_sent(context, payout_situation("inline/p07-acknowledged", outcome=after(6.0)))
    if str(answer_of(payout_requests(context, payment)[0]).get("ResponseCode")) != "0":
        raise Untested("the payout request was not acknowledged")
    watch(context, payment, for_s=3.0, why="the request was acknowledged, and no result has come", unpaid=True)
