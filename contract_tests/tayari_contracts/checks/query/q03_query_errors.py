"""Q03: an error of the query says nothing about the payment."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.status_queries import expect_undecided, on_query, unanswered

ERRORS = {
    "500.003.1001 Internal Server Error": on_query("api_error", error="500.003.1001.internal_server_error"),
    "429 from the gateway": on_query("gateway_fault", fault="spike_arrest"),
    "503 with HTML": on_query("html", page="imperva_503"),
    "a connection that was reset": on_query("reset"),
    "a body that is no JSON": on_query("malformed_json"),
}


@check("Q03")
def query_errors_change_nothing(context: CheckContext) -> None:
    """One payment for each error: the first query gets it, the next one gets the success."""
    payments = {
        what: context.actions.pay_accepted(unanswered("inline/q03-query-error", fault))
        for what, fault in ERRORS.items()
    }
    for what, payment in payments.items():
        expect_undecided(context, payment, because=f"the query was answered with {what}")
