"""U03: the receipt that the customer sees is M-Pesa's."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed


@check("U03")
def the_receipt_is_m_pesas(context: CheckContext) -> None:
    """A payment is an ordinary success; the receipt that its page shows is compared with MpesaReceiptNumber."""
    payment = context.actions.pay_accepted(situation("inline/u03-success", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    receipt = str(context.journal.record(payment)["receipt"])

    def is_shown() -> bool:
        return context.observations.status(payment).receipt == receipt

    if context.time.until(is_shown, within_s=context.time.settle_s):
        return
    # a query may have settled it while the callback with the receipt waits in a queue
    shown = context.expectations.status_after_queue(payment).receipt
    if shown != receipt:
        found = shown or context.run.missing_receipt
        raise Failed(f"the customer is shown {found}; expected M-Pesa's receipt {receipt}")
