"""Q09: where callback and query disagree, nobody is credited."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Untested, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.status_queries import on_query

IN_FLIGHT_S = 5.0
"""Seconds for which queries are answered "in flight": a merchant that believes its callbacks reads this one first."""


@check("Q09")
def disagreement_credits_nobody(context: CheckContext) -> None:
    """The callback says 0, and queries say 1032."""
    in_flight = on_query("api_error", error="500.001.1001.processing", until_s=IN_FLIGHT_S)
    payment = context.actions.pay_accepted(
        situation("inline/q09-disagreement", in_flight, outcome=after(1.0), query={"result_code": 1032})
    )
    context.expectations.callback_taken(payment)
    context.observations.until(payment, PAID, REVIEW, FAILED, within_s=context.time.slow_queue_s)
    view = context.expectations.status_after_queue(payment)
    asked = context.journal.has_query_result(payment, 1032)
    if view.state is PAID and not asked:
        raise Inapplicable("the merchant credits without asking; whether it may believe its callbacks is judged by C07")
    credited = context.profile.shows_credits and context.observations.credits(payment).count > 0
    if not asked and not credited:
        raise Untested(f"the payment is {say(view)} and no query said otherwise, so nothing disagreed")
    if view.state is PAID or credited:
        raise Failed(
            "the callback said paid, the query said cancelled (1032), and the payment is credited; "
            "expected a person to decide"
        )
