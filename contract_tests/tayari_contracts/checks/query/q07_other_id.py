"""Q07: a query's answer about another payment is ignored."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.status_queries import REACTION_S, first_query, unanswered

OTHER = "ws_CO_0101202600000001700000000"


@check("Q07")
def an_answer_about_another_payment_is_ignored(context: CheckContext) -> None:
    """Queries are answered `"0"` with the id of another payment; in truth nobody answers the prompt."""
    payment = context.actions.pay_accepted(
        unanswered(
            "inline/q07-other-id",
            result_code=1037,
            after_s=8.0,
            query={"result_code": 0, "checkout_request_id": OTHER, "for_calls": 3},
        )
    )
    first_query(context, payment)
    context.expectations.unpaid(
        payment, for_s=REACTION_S, because=f"the query's answer named another CheckoutRequestID ({OTHER})"
    )
