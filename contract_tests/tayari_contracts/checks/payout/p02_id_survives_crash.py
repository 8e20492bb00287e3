"""P02: the id of a payout is stored before it is sent."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from tayari_control.client import ControlError
from tayari_money.daraja_records import PAYOUT_CALLS

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Untested, say
from tayari_contracts.context.payment import PAID, REVIEW, Payment
from tayari_contracts.steps.control_payments import is_sent_again
from tayari_contracts.steps.payouts import (
    expect_one_id,
    has_result,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    transactions,
)

ACK_LATE_S: Final = 6.0
"""Seconds until the acknowledgement, in which the merchant is killed."""
KILLED: Final = "inline/p02-killed"

RESULT_AFTER_S: Final = 15.0
"""Seconds until the result of a payout whose acknowledgement is lost: a merchant tries again before it."""
HEARD_S: Final = 5.0
"""Seconds within which the merchant answers a result."""
WATCHED_S: Final = 4.0
"""A merchant that takes up open payouts sends them within this time."""
OPEN_S: Final = ACK_LATE_S + RESULT_AFTER_S + WATCHED_S
"""Seconds until the result of the other payout: after the merchant was watched."""
SENT_WITHIN_S: Final = OPEN_S + 5.0
"""A merchant that sends one payout at a time sends the second one after the result of the first."""


@check("P02")
def the_id_survives_a_crash(context: CheckContext) -> None:
    """The merchant is killed while its request waits for the acknowledgement, and started again.

    Another payout is acknowledged by then, and has no result. The result of a third was answered just before.
    """
    heard = pay_out_sent(context, payout_situation("inline/p02-heard", outcome=after(OPEN_S)))
    open_payout = pay_out_sent(context, payout_situation("inline/p02-open", outcome=after(OPEN_S)))
    payment = pay_out_in_background(context)
    is_open = not has_result(context, open_payout)
    first = transactions(context, payment)
    is_heard = _hear(context, heard)
    context.environment.kill_merchant()
    context.actions.restart_merchant()
    for call in PAYOUT_CALLS:
        context.evidence.watch_since(payment.since, endpoint=call)
    context.time.until(
        lambda: len(payout_requests(context, payment)) > 1 or len(transactions(context, payment)) > len(first),
        within_s=ACK_LATE_S + RESULT_AFTER_S,
    )
    expect_one_id(context, payment, "the merchant was killed while it waited for the acknowledgement")
    if is_open:
        context.time.until(lambda: is_sent_again(context, open_payout), within_s=WATCHED_S)
        expect_one_id(context, open_payout, "the merchant was killed while a payout that M-Pesa had accepted was open")
    else:
        context.evidence.notes.append("the merchant sent no payout while another was open")
    if len(payout_requests(context, payment)) < 2:
        context.evidence.notes.append("it did not send the payout again after the restart")
    if is_heard:
        _expect_paid(context, heard)


def _hear(context: CheckContext, payment: Payment) -> bool:
    """Let the result of a payout come now; whether the merchant answered it."""
    for row in transactions(context, payment):
        with suppress(ControlError):  # it has come
            context.control.bring_result(row["checkout_request_id"])
    return context.observations.wait("callback_answered", payment, within_s=HEARD_S)


def _expect_paid(context: CheckContext, payment: Payment) -> None:
    """A result that was answered is not lost with the process. M-Pesa sends none again."""
    payout = context.target.merchant.payout
    if payout is None or payout.status is None:
        return
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.settled_s)
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the success of a payout was answered, the merchant was killed, and the payout is {say(view)}; expected "
            "paid: write a result down before you answer it"
        )


def pay_out_in_background(context: CheckContext) -> Payment:
    """Start a payout, and return when Daraja has accepted it and not yet acknowledged it.

    Raises:
        Untested: no request reached Daraja.
    """
    ack_late = {"ack_late": {"by_s": ACK_LATE_S}}
    scenario = payout_situation(KILLED, ack_late, outcome=after(RESULT_AFTER_S))
    before, began_at = len(context.run.payouts), time.time()
    asking = context.actions.in_background(lambda: pay_out(context, scenario))
    rows = context.time.until(
        lambda: [
            row for row in context.control.payments() if row["scenario"] == KILLED and row["created_at"] >= began_at
        ],
        within_s=SENT_WITHIN_S,
    )
    if not rows:
        raise Untested("no payout request reached Daraja, so the merchant was not killed meanwhile")
    if not context.time.until(lambda: len(context.run.payouts) > before or asking.done(), within_s=1.0):
        context.environment.kill_merchant()
    return asking.result()
