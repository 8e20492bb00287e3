"""Q06: the query's ResultCode is text, and "0" is success."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import FAILED, REVIEW
from tayari_contracts.steps.status_queries import first_query, unanswered


@check("Q06")
def text_zero_is_success(context: CheckContext) -> None:
    """No callbacks come; queries are answered `"0"` for one payment, and `"1032"` for another."""
    paid = context.actions.pay_accepted(unanswered("inline/q06-success-as-text"))
    cancelled = context.actions.pay_accepted(unanswered("inline/q06-cancelled-as-text", result_code=1032))
    first_query(context, paid)
    first_query(context, cancelled)
    within_s = context.time.patience_s
    context.expectations.paid_once(paid, within_s=within_s, because='the query answered ResultCode "0", as text')
    context.expectations.state(
        cancelled, FAILED, REVIEW, within_s=within_s, because='the query answered ResultCode "1032", as text'
    )
