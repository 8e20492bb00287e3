"""K01: the capabilities that the target file names are those that the merchant's traffic shows."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.payment import FAILED, PAID
from tayari_contracts.steps.status_queries import first_query, unanswered

ASKS_WITHIN_S = 10.0
"""How long a status query is awaited where this check runs alone."""

IN_FLIGHT = 1000
"""Status queries answered with "in flight": more than any merchant sends while this check runs."""

LONG_S = 120.0
"""Seconds until the customer's own result; the check is over by then."""

WATCH_S = 4.0
"""How long a payment may take to end after the callback that the check sends."""

JUDGED = ("stk_push", "stk_query")
"""The capabilities that are judged; each is also the name of the endpoint whose calls show it."""


@check("K01")
def traffic_agrees_with_the_declared_capabilities(context: CheckContext) -> None:
    """Reads the pushes and status queries of the whole run.

    If a declared one is missing, the merchant gets a reason to send it. With `no_callbacks`, a callback must not end a
    payment.
    """
    declared = context.target.merchant.capabilities
    if not context.journal.entries(since=1, endpoint="stk_push", kind="request", limit=1):
        make_traffic(context)
    for capability in JUDGED:
        seen = context.journal.entries(since=1, endpoint=capability, kind="request", limit=1)
        if seen and capability not in declared:
            context.evidence.watch_since(int(seen[0]["seq"]), endpoint=capability)
            raise Failed(
                f"merchant.capabilities does not name {capability}, so its rules were left out as not applicable, but "
                f"the merchant makes such calls; expected {capability} among the capabilities"
            )
        if not seen and capability in declared:
            expect_shown(context, capability)
    if not context.profile.takes_callbacks:
        expect_no_callback_decides(context)


def expect_no_callback_decides(context: CheckContext) -> None:
    """A callback reports a success while each status query is answered with "in flight"."""
    in_flight = {"in_flight": ["4999"], "for_calls": IN_FLIGHT}
    payment = context.actions.pay_accepted(situation("inline/k01-callback", outcome=after(LONG_S), query=in_flight))
    answers = context.actions.send_callback(payment, result_code=0)
    found = "merchant.capabilities names no_callbacks, so the rules of callbacks were left out as not applicable, but"
    if context.profile.shows_state:
        view = context.observations.until(payment, PAID, FAILED, within_s=WATCH_S)
        if view.state in (PAID, FAILED):
            raise Failed(f"{found} a callback made a payment {view.state}; expected no_callbacks to be left out")
    elif any((answer.get("status") or 0) in range(200, 300) for answer in answers):
        raise Warned(f"{found} a callback was answered as if it was taken; expected no_callbacks to be left out")


def make_traffic(context: CheckContext) -> None:
    """Make a payment whose callback never comes, for a run without any push yet, and wait for a status query."""
    silent = context.actions.pay(unanswered("inline/k01-alone"))
    context.observations.wait("query_seen", silent, within_s=min(ASKS_WITHIN_S, context.time.reconcile_s))


def expect_shown(context: CheckContext, capability: str) -> None:
    """Give the merchant a reason to make the call of a declared capability.

    Raises:
        Failed: no status query came.
        Untested: no push was accepted.
    """
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
        "expected a query, because without one a payment whose callback is lost is never settled"
    )
