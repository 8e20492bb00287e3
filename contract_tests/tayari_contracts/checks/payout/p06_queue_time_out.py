"""P06: a queue time-out decides nothing, and a later result wins."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, say
from tayari_contracts.context.payment import FAILED, PAID, PENDING
from tayari_contracts.steps.payouts import expect_one_id, expect_results_taken, pay_out_sent, watch


@check("P06")
def a_queue_time_out_decides_nothing(context: CheckContext) -> None:
    """M-Pesa calls the QueueTimeOutURL, and pays three seconds later."""
    payment = pay_out_sent(context, "payout/queue-timeout")
    expect_results_taken(context, payment)
    why = "M-Pesa called the QueueTimeOutURL, which decides nothing"
    watch(context, payment, for_s=2.0, why=why)
    expect_results_taken(context, payment, count=2)
    view = context.observations.until(payment, PAID, within_s=context.time.settled_s)
    expect_one_id(context, payment, why)
    if view.state in (FAILED, PENDING):
        raise Failed(f"{why}; then a result said that it was paid, and the payout is {say(view)}; expected paid")
