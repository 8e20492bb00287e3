"""K01: what the target file says the merchant can do is what its traffic shows."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.payment import FAILED, PAID
from tayari_contracts.steps.status_queries import first_query, unanswered

ASKS_WITHIN_S = 10.0

IN_FLIGHT = 1000
"""This many queries hear that the customer has not answered: more than any merchant sends meanwhile."""

LONG_S = 120.0
WATCH_S = 4.0

SHOWN_BY = {"stk_push": "stk_push", "stk_query": "stk_query"}
"""The capability that a call of an endpoint shows."""


@check("K01")
def traffic_agrees_with_the_declared_capabilities(context: CheckContext) -> None:
    """Calls of everything declared, and of nothing else, over the whole run."""
    declared = context.target.merchant.capabilities
    if not context.journal.entries(since=1, endpoint="stk_push", kind="request", limit=1):
        make_traffic(context)
    for endpoint, capability in SHOWN_BY.items():
        seen = context.journal.entries(since=1, endpoint=endpoint, kind="request", limit=1)
        if seen and capability not in declared:
            context.evidence.watch_since(int(seen[0]["seq"]), endpoint=endpoint)
            raise Failed(
                f"merchant.capabilities does not name {capability}, so its rules were left out as not applicable, and "
                f"the merchant makes such calls; expected {capability} among the capabilities"
            )
        if not seen and capability in declared:
            expect_shown(context, capability)
    if not context.profile.takes_callbacks:
        expect_no_callback_decides(context)


def expect_no_callback_decides(context: CheckContext) -> None:
    """A callback reports a success, and each status query says in flight."""
    in_flight = {"in_flight": ["4999"], "for_calls": IN_FLIGHT}
    payment = context.actions.pay_accepted(situation("inline/k01-callback", outcome=after(LONG_S), query=in_flight))
    answers = context.actions.send_callback(payment, result_code=0)
    found = "merchant.capabilities names no_callbacks, so the rules of callbacks were left out as not applicable, and"
    if context.profile.shows_state:
        view = context.observations.until(payment, PAID, FAILED, within_s=WATCH_S)
        if view.state in (PAID, FAILED):
            raise Failed(f"{found} a callback made a payment {view.state}; expected no_callbacks to be left out")
    elif any((answer.get("status") or 0) in range(200, 300) for answer in answers):
        raise Warned(f"{found} a callback was answered as if it was taken; expected no_callbacks to be left out")


def make_traffic(context: CheckContext) -> None:
    """Where this check runs alone: a payment whose callback never comes, which makes a merchant ask if it ever does."""
    silent = context.actions.pay(unanswered("inline/k01-alone"))
    context.observations.wait("query_seen", silent, within_s=min(ASKS_WITHIN_S, context.time.reconcile_s))


def expect_shown(context: CheckContext, capability: str) -> None:
    """Give the merchant a reason to make the call."""
    if capability == "stk_query" and context.run.silence.found:
        context.evidence.cite(*filter(None, [context.run.silence.payment]))
        raise _never_asks(context)
    payment = context.actions.pay_accepted(unanswered("inline/k01-silent"))
    if capability == "stk_query":
        try:
            first_query(context, payment)
        except Untested as error:
            raise _never_asks(context) from error


def _never_asks(context: CheckContext) -> Failed:
    named = context.target.merchant.capabilities_named
    why = (
        "merchant.capabilities names stk_query"
        if named
        else "a merchant is expected to ask (without merchant.capabilities stk_push and stk_query are meant)"
    )
    return Failed(
        f"no status query was seen in the whole run, not even for a payment without callback, and {why}; "
        "expected a query, for without one a payment whose callback is lost is never settled"
    )
