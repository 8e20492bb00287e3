"""C22: GET and HEAD on the callback's address change nothing."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, say
from tayari_contracts.context.payment import PAID, PENDING

OPEN_S = 5.0
WATCH_S = 2.0


@check("C22")
def reading_the_address_changes_nothing(context: CheckContext) -> None:
    """GET and HEAD come to the callback's address while the payment is open, and then the success."""
    payment = context.actions.pay_accepted(situation("inline/c22-open", outcome=after(OPEN_S)))
    for method in ("GET", "HEAD"):
        context.actions.send_callback(payment, method=method, raw="")
    context.time.pause(WATCH_S)
    view = context.observations.until(payment, PENDING, within_s=1.0)
    if view.state is PAID and time.time() >= float(context.journal.record(payment)["result_due_at"]):
        raise Unjudged(f"the result, {OPEN_S:g} s after the push, came before the merchant had answered GET and HEAD")
    if view.state is not PENDING:
        raise Failed(f"the payment is {say(view)} after GET and HEAD on its callback address; expected pending")
    context.expectations.paid_once(
        payment, within_s=OPEN_S + context.time.settled_s, because="GET and HEAD came before its callback"
    )
