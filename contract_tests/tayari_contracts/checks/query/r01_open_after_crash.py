"""R01: payments that were open when the process died are taken up again."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Untested, say
from tayari_contracts.context.payment import PAID, REVIEW

DOWN_S = 1.5
CALLBACK_S = 2.0
"""Seconds until the callback, which comes while the merchant is down."""

GRACE_S = 3.0
"""Seconds beyond the promised time."""


@check("R01")
def open_payments_survive_a_crash(context: CheckContext) -> None:
    """The merchant is killed after the acknowledgement, the callback comes while it is down, and it is restarted."""
    payment = context.actions.pay_accepted(situation("inline/r01-crash", outcome=after(CALLBACK_S)))
    context.time.pause(context.journal.seconds_until_stored())
    context.environment.kill_merchant()
    context.observations.wait("callback_answered", payment, within_s=CALLBACK_S + DOWN_S + 5.0)
    if any((entry.get("response") or {}).get("status") is not None for entry in context.journal.callbacks(payment)):
        context.actions.restart_merchant()
        raise Untested(f"the callback was answered before the process was killed, {CALLBACK_S:g} s after the push")
    context.actions.restart_merchant()
    context.observations.refresh(payment)
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.patience_s + GRACE_S)
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the process died after the acknowledgement, the callback came while it was down, and "
            f"{context.time.reconcile_s:g} s after the restart the payment is {say(view)}; expected a status query, "
            "and paid"
        )
    if view.state is PAID:
        context.expectations.credits(payment, 1, quiet_s=0.5, because="a query settled it after a crash")
