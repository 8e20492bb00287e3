"""C22: GET and HEAD on the callback's address change nothing."""

from __future__ import annotations

import time

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed, Unjudged, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import PAID, PENDING, Probe

OPEN_S = 8.0
WATCH_S = 2.0


@check("C22")
def reading_the_address_changes_nothing(probe: Probe) -> None:
    """A link checker, a browser or a monitor calls the address while the payment is open; then the success comes."""
    payment = probe.pay_accepted(situation("inline/c22-open", outcome=after(OPEN_S)))
    for method in ("GET", "HEAD"):
        probe.send_callback(payment, method=method, raw="")
    probe.quiet(WATCH_S)
    view = probe.until(payment, PENDING, within_s=1.0)
    if view.state is PAID and time.time() >= float(probe.sight.record(payment)["result_due_at"]):
        raise Unjudged(
            f"the merchant took so long over GET and HEAD that the result, {OPEN_S:g} s after the push, came first"
        )
    if view.state is not PENDING:
        raise Failed(f"the payment is {say(view)} after GET and HEAD on its callback address; expected pending")
    probe.expect_paid_once(payment, within_s=OPEN_S + probe.settled_s, because="GET and HEAD came before its callback")
