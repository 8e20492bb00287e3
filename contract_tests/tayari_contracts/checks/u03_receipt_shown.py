"""U03: the receipt that the customer sees is M-Pesa's."""

from __future__ import annotations

import time

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import Probe

OFTEN_S = 0.25


@check("U03")
def the_receipt_is_m_pesas(probe: Probe) -> None:
    """An ordinary success: its MpesaReceiptNumber is shown."""
    payment = probe.pay_accepted(situation("inline/u03-success", outcome=after(0.5)))
    probe.paid_first(payment)
    receipt = str(probe.sight.record(payment)["receipt"])
    end = time.monotonic() + probe.settle_s
    while (shown := probe.status(payment).receipt) != receipt and time.monotonic() < end:
        probe.quiet(OFTEN_S)
    if shown != receipt:  # a query may have settled it, and the callback with the receipt still wait in a queue
        shown = probe.after_the_queue(payment).receipt
    if shown != receipt:
        found = shown or probe.no_receipt
        raise Failed(f"the customer is shown {found}; expected M-Pesa's receipt {receipt}")
