"""Q03: an error of the query changes nothing."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.status_queries import expect_undecided, on_query, unanswered

UNDECIDED = 2
"""So many queries are answered "in flight", though the payment's callback has reported a success."""

ERRORS = {
    "500.003.1001 Internal Server Error": on_query("api_error", error="500.003.1001.internal_server_error"),
    "429 from the gateway": on_query("gateway_fault", fault="spike_arrest"),
    "503 with HTML": on_query("html", page="imperva_503"),
    "a connection that was reset": on_query("reset"),
    "a body that is no JSON": on_query("malformed_json"),
}


@check("Q03")
def query_errors_change_nothing(context: CheckContext) -> None:
    """One payment for each error: the first query is answered with it, the next one with the success.

    Another payment has a callback before a query confirms it: a merchant that wants proof asks again.
    """
    payments = {
        what: context.actions.pay_accepted(unanswered("inline/q03-query-error", fault))
        for what, fault in ERRORS.items()
    }
    called_back = called_back_meanwhile(context)
    for what, payment in payments.items():
        expect_undecided(context, payment, because=f"the query was answered with {what}")
    if called_back is not None:
        because = "its callback reported a success, and the first queries that could prove it decided nothing"
        context.expectations.honoured(called_back, because=because)


def called_back_meanwhile(context: CheckContext) -> Payment | None:
    """Start a payment whose success is reported before a query confirms it; None for a merchant without callbacks."""
    if not context.profile.takes_callbacks:
        return None
    undecided = {"in_flight": ["4999"], "for_calls": UNDECIDED}
    return context.actions.pay_accepted(situation("inline/q03-callback", outcome=after(0.5), query=undecided))
