"""Q01: a payment whose callback never comes is settled by asking."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.findings import Missing, Warned, say
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.status_queries import asked_elsewhere, shows_silence, unanswered

BECAUSE = "its callback never came, and a status query would have said that it is paid"


@check("Q01")
def a_lost_callback_is_made_up_for(context: CheckContext) -> None:
    """The customer has paid and closed the page, no callback comes, and queries say that it is paid.

    The payment's page is read only if no query comes in time: some merchants ask when it is read.
    """
    with context.run.silence.watching():
        began = time.monotonic()
        payment = context.actions.pay_accepted(unanswered("inline/q01-lost-callback"))
        until = time.monotonic() + context.time.patience_s
        unread = context.observations.wait("query_seen", payment, within_s=context.time.patience_s)
        if unread:
            context.run.silence.note_query()
        else:
            _read_page(context, payment, began)
    left_s = max(context.time.settle_s, until - time.monotonic()) if unread else 0.0
    context.expectations.paid_once(payment, within_s=left_s, because=BECAUSE)
    if not unread and context.journal.queries(payment):
        raise Warned(
            f"no status query came within {context.time.reconcile_s:g} s while nobody read the payment's page, and "
            "one came when it was read; expected the merchant to ask by itself: a customer who has paid closes the page"
        )


def _read_page(context: CheckContext, payment: Payment, began: float) -> None:
    """Read the page of a payment for which no query came, until it is paid.

    Raises:
        Missing: it is not paid, and still no query came. This is certain if no query came in the whole run.
    """
    context.observations.refresh(payment)
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s + GRACE_S)
    if view.state is PAID or context.journal.queries(payment):
        return
    within = (
        f"within {context.time.reconcile_s:g} s for a payment whose callback never came"
        f"{asked_elsewhere(context, payment)}"
    )
    certain = shows_silence(context, payment, f"no status query came {within}", began=began)
    raise Missing(f"no status query came {within}, and it is {say(view)}; expected paid: {BECAUSE}", certain=certain)
