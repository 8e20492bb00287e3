"""Q08: a payment that a query settled gets its receipt when the callback comes."""

from __future__ import annotations

import time

from tayari_contracts.asking import first_query, patience_s, unanswered
from tayari_contracts.findings import Failed, Untested
from tayari_contracts.probe import PAID, Probe
from tayari_contracts.registry import check

OFTEN_S = 0.25


@check("Q08")
def the_receipt_is_added_later(probe: Probe) -> None:
    """Settled by a query, which names no receipt; then the callback arrives after all."""
    payment = probe.pay_accepted(unanswered("inline/q08-late-callback"))
    first_query(probe, payment)
    if probe.until(payment, PAID, within_s=patience_s(probe)).state is not PAID:
        raise Untested("no query settled the payment, so no receipt could be missing")
    probe.send_callback(payment)
    receipt = probe.sight.record(payment)["receipt"]
    end = time.monotonic() + probe.settle_s
    while (shown := probe.status(payment).receipt) != receipt and time.monotonic() < end:
        probe.quiet(OFTEN_S)
    if shown != receipt:
        raise Failed(f"the payment shows {shown or 'no receipt'} after its callback came; expected receipt {receipt}")
    if probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.5, because="a query settled it, and then its callback came")
