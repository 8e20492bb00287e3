"""C09: ResultCode means the same as a number and as text."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import FAILED, REVIEW

CODE = "Body.stkCallback.ResultCode"


@check("C09")
def codes_as_text_mean_the_same(context: CheckContext) -> None:
    """One payment's callback has ResultCode `"0"`, and another's `"1032"`."""
    paid = context.actions.pay_accepted(
        situation("inline/c09-success-as-text", {"mutate": {"set": {CODE: "0"}}}, outcome=after(0.5))
    )
    cancelled = context.actions.pay_accepted(
        situation(
            "inline/c09-cancelled-as-text", {"mutate": {"set": {CODE: "1032"}}}, outcome=after(0.5, result_code=1032)
        )
    )
    context.expectations.callback_taken(paid)
    context.expectations.callback_taken(cancelled)
    context.expectations.paid_once(paid, within_s=context.time.settled_s, because='ResultCode was "0" as text')
    context.expectations.state(
        cancelled, FAILED, REVIEW, within_s=context.time.settled_s, because='ResultCode was "1032" as text: cancelled'
    )
