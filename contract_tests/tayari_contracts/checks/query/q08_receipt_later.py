"""Q08: a payment that a query settled is credited once, and gets its receipt from a later callback."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, Warned
from tayari_contracts.context.payment import PAID
from tayari_contracts.steps.status_queries import first_query, unanswered


@check("Q08")
def the_callback_after_a_query_adds_the_receipt_alone(context: CheckContext) -> None:
    """A query, which names no receipt, settles a payment; then its callback comes."""
    payment = context.actions.pay_accepted(unanswered("inline/q08-late-callback"))
    first_query(context, payment)
    if context.observations.until(payment, PAID, within_s=context.time.patience_s).state is not PAID:
        raise Untested("no query settled the payment, so no callback could come after one")
    context.actions.send_callback(payment)
    shown = context.expectations.status_after_queue(payment).receipt
    context.expectations.credits(payment, 1, quiet_s=0.5, because="a query settled it, and then its callback came")
    if not context.profile.shows_receipt:
        context.evidence.notes.append("whether the receipt was added could not be seen (merchant.status.receipt)")
        return
    receipt = context.journal.record(payment)["receipt"]
    if shown != receipt:
        raise Warned(
            f"the payment shows {shown or context.run.missing_receipt} after its callback came; expected "
            f"receipt {receipt}"
        )
