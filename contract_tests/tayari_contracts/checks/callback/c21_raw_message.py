"""C21: what Safaricom sent is kept as it came."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.findings import Failed, Unjudged
from tayari_contracts.context.payment import FAILED, PAID, REVIEW


@check("C21")
def raw_messages_are_kept(context: CheckContext) -> None:
    """After a success and after a failure, the audit view is searched for the callback with its ids."""
    for result_code in (0, 1032):
        payment = context.actions.pay_accepted(
            situation("inline/c21-kept", outcome=after(0.5, result_code=result_code))
        )
        context.observations.until(payment, PAID, FAILED, REVIEW, within_s=context.time.settled_s)
        context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)  # a query may have settled it
        kept = context.observations.kept_messages(payment)
        if kept is None:
            raise Unjudged("the audit view could not be read")
        if not any("ResultCode" in message for message in kept):
            wanted = context.journal.record(payment)["checkout_request_id"]
            raise Failed(
                f"the audit view has {len(kept)} messages of {wanted} and none is its callback (ResultCode "
                f"{result_code}); expected the raw body"
            )
