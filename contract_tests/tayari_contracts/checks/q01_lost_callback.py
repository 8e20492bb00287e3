"""Q01: a payment whose callback never comes is settled by asking."""

from __future__ import annotations

import time

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Warned
from tayari_contracts.context.merchant_profile import GRACE_S
from tayari_contracts.context.probe import Probe
from tayari_contracts.steps.status_queries import patience_s, unanswered

BECAUSE = "its callback never came, and a status query would have said that it is paid"


@check("Q01")
def a_lost_callback_is_made_up_for(probe: Probe) -> None:
    """The customer has paid and closed the page, no callback comes, and the query says that it is paid.

    Only where no query comes in time is the payment's page read, for some merchants ask when it is read.
    """
    payment = probe.pay_accepted(unanswered("inline/q01-lost-callback"))
    until = time.monotonic() + patience_s(probe)
    unread = probe.wait("query_seen", payment, within_s=patience_s(probe))
    left_s = max(probe.settle_s, until - time.monotonic())
    probe.expect_paid_once(payment, within_s=left_s if unread else probe.settle_s + GRACE_S, because=BECAUSE)
    if not unread and probe.sight.queries(payment):
        raise Warned(
            f"no status query came within {probe.reconcile_s:g} s while nobody read the payment's page, and one came "
            "when it was read; expected the merchant to ask by itself: a customer who has paid closes the page"
        )
