"""A04: the ids of the acknowledgement survive a restart of the merchant."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, say
from tayari_contracts.context.payment import PAID


@check("A04")
def matches_the_callback_after_a_restart(context: CheckContext) -> None:
    """The merchant is killed right after the acknowledgement and started again; then the success callback arrives."""
    payment = context.actions.pay_accepted(situation("inline/ack-restart", outcome=after(0.2, callback=False)))
    context.time.pause(context.journal.seconds_until_stored())
    context.environment.kill_merchant()
    context.actions.restart_merchant()
    deliveries = context.actions.send_callback(payment)
    view = context.observations.until(payment, PAID, within_s=context.time.slow_queue_s)
    if view.state is not PAID:
        answer = deliveries[0].get("status") if deliveries else None
        raise Missing(
            f"the process was restarted after the acknowledgement; the success callback was answered {answer}, and "
            f"the payment is {say(view)}; expected paid"
        )
    context.expectations.credits(payment, 1, quiet_s=0.2, because="one callback after a restart")
