"""Q01: a payment whose callback never comes is settled by asking."""

from __future__ import annotations

import time

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.findings import Warned
from tayari_contracts.steps.status_queries import patience_s, unanswered

BECAUSE = "its callback never came, and a status query would have said that it is paid"


@check("Q01")
def a_lost_callback_is_made_up_for(context: CheckContext) -> None:
    """The customer has paid and closed the page, no callback comes, and the query says that it is paid.

    Only where no query comes in time is the payment's page read, for some merchants ask when it is read.
    """
    payment = context.actions.pay_accepted(unanswered("inline/q01-lost-callback"))
    until = time.monotonic() + patience_s(context)
    unread = context.observations.wait("query_seen", payment, within_s=patience_s(context))
    left_s = max(context.time.settle_s, until - time.monotonic())
    context.expectations.paid_once(
        payment, within_s=left_s if unread else context.time.settle_s + GRACE_S, because=BECAUSE
    )
    if not unread and context.journal.queries(payment):
        raise Warned(
            f"no status query came within {context.time.reconcile_s:g} s while nobody read the payment's page, and "
            "one came "
            "when it was read; expected the merchant to ask by itself: a customer who has paid closes the page"
        )
