"""R01: payments that were open when the process died are taken up again."""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, Untested, say
from tayari_contracts.context.payment import PAID, REVIEW, Payment

DOWN_S = 1.5
CALLBACK_S = 2.0
"""Seconds until the callback, which comes while the merchant is down."""

GRACE_S = 3.0
"""Seconds beyond the promised time."""
ACK_LATE_S = 8.0
"""Seconds until an acknowledgement: the merchant is killed before it."""
PUSHED_S = 1.0
"""Seconds within which a merchant that was asked for a payment has pushed: less than until the callback."""


@check("R01")
def open_payments_survive_a_crash(context: CheckContext) -> None:
    """The merchant is killed after the acknowledgement, the callback comes while it is down, and it is restarted.

    The push of another payment waits for its acknowledgement at the crash.
    """
    payment = context.actions.pay_accepted(situation("inline/r01-crash", outcome=after(CALLBACK_S)))
    stored_at = time.monotonic() + context.journal.seconds_until_stored()
    unnamed = push_unanswered(context)
    context.time.pause(stored_at - time.monotonic())
    context.environment.kill_merchant()
    killed = context.journal.now()
    context.observations.wait("callback_answered", payment, within_s=CALLBACK_S + DOWN_S + 5.0)
    if any((entry.get("response") or {}).get("status") is not None for entry in context.journal.callbacks(payment)):
        context.actions.restart_merchant()
        raise Untested(f"the callback was answered before the process was killed, {CALLBACK_S:g} s after the push")
    context.actions.restart_merchant()
    context.observations.refresh(payment)
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.patience_s + GRACE_S)
    expect_prompted_once(context, payment, killed, "after the acknowledgement of its push")
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the process died after the acknowledgement, the callback came while it was down, and "
            f"{context.time.reconcile_s:g} s after the restart the payment is {say(view)}; expected a status query, "
            "and paid"
        )
    if view.state is PAID:
        context.expectations.credits(payment, 1, quiet_s=0.5, because="a query settled it after a crash")
    if unnamed is not None:
        expect_prompted_once(context, unnamed.result(), killed, "while it waited for the acknowledgement of its push")


def push_unanswered(context: CheckContext) -> Future[Payment] | None:
    """A payment whose push Daraja has accepted, and acknowledges only when the merchant is killed. Nobody pays it.

    None for a merchant that prompts one number for all payers: that one has a prompt already.
    """
    if context.run.prompted:
        return None
    msisdn = context.allocation.msisdn()
    late = situation(
        "inline/r01-unnamed", {"ack_late": {"by_s": ACK_LATE_S}}, outcome=after(ACK_LATE_S, result_code=1032)
    )
    paying = context.actions.in_background(partial(context.actions.pay, late, msisdn=msisdn, at_once=True))
    if not context.time.until(lambda: context.control.payments(msisdn=msisdn), within_s=PUSHED_S):
        context.evidence.notes.append("no push waited for its acknowledgement when the process was killed")
    return paying


def expect_prompted_once(context: CheckContext, payment: Payment, killed: int, when: str) -> None:
    """A restart is no reason to prompt a customer again, who may have paid.

    `killed`: the number of the first journal entry after the crash.

    Raises:
        Failed: the customer was prompted before it, and is again.
    """
    pushes = context.journal.pushes(payment)
    is_prompted = any(entry.get("checkout_request_id") for entry in pushes if entry["seq"] < killed)
    if is_prompted and any(entry["seq"] >= killed for entry in pushes):
        raise Failed(
            f"the process died {when}, and after the restart its customer was prompted again ({len(pushes)} pushes in "
            "all), who may pay twice; expected a status query, or to wait for the callback"
        )
