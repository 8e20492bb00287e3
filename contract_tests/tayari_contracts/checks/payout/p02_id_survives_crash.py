"""P02: the id of a payout is stored before it is sent."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Final

from tayari_money.daraja_records import PAYOUT_CALLS

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Untested, say
from tayari_contracts.context.payment import PAID, REVIEW, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.control_payments import is_sent_again
from tayari_contracts.steps.payouts import (
    STOPPED_AFTER_S,
    await_request,
    bring_results,
    expect_one_id,
    has_result,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    require_sent,
    transactions,
)

ACK_LATE_S: Final = 6.0
"""Seconds until the acknowledgement, in which the merchant is killed."""
KILLED: Final = "inline/p02-killed"

RESULT_AFTER_S: Final = 15.0
"""Seconds until the result of a payout whose acknowledgement is lost: a merchant tries again before it."""
HEARD_S: Final = 2.0
"""Seconds within which the merchant answers a result: less than until the acknowledgement."""
ANSWERED_S: Final = 1.0
"""Seconds in which a merchant may answer the start of the payout; some answer only after the acknowledgement."""
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
    heard, open_payout = _pay_out_two(context)
    asking = pay_out_in_background(context)
    is_heard = heard is not None and _hear(context, heard)
    context.time.until(asking.done, within_s=ANSWERED_S)
    context.environment.kill_merchant()
    payment = asking.result()
    is_open = not has_result(context, open_payout)
    first = transactions(context, payment)
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
    if heard is not None and is_heard:
        _expect_paid(context, heard)
    else:
        context.evidence.notes.append("it answered no result just before the crash")


def _pay_out_two(context: CheckContext) -> tuple[Payment | None, Payment]:
    """A payout whose result is to come just before the crash, and one that stays open.

    The first is None for a merchant that sends one payout at a time: it gets that result before it sends the other.

    Raises:
        Untested: no request reached Daraja.
    """
    heard = pay_out_sent(context, payout_situation("inline/p02-heard", outcome=after(OPEN_S)))
    open_payout = pay_out(context, payout_situation("inline/p02-open", outcome=after(OPEN_S)))
    is_beside = context.time.until(lambda: payout_requests(context, open_payout), within_s=STOPPED_AFTER_S)
    if not is_beside:
        _hear(context, heard)
        await_request(context, open_payout)
    require_sent(context, open_payout)
    return heard if is_beside else None, open_payout


def _hear(context: CheckContext, payment: Payment) -> bool:
    """Let the result of a payout come now; whether the merchant answered it, and not as a crash is answered."""
    bring_results(context, transactions(context, payment))
    context.observations.wait("callback_answered", payment, within_s=HEARD_S)
    statuses = context.journal.callback_statuses(payment)
    return any(status is not None and status < CRASH for status in statuses)


def _expect_paid(context: CheckContext, payment: Payment) -> None:
    """A result that was answered is not lost with the process. M-Pesa sends none again."""
    payout = context.target.merchant.payout
    if payout is None or payout.status is None:
        context.evidence.notes.append("what became of an answered result was not seen: add merchant.payout.status")
        return
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.settled_s)
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the success of a payout was answered, the merchant was killed, and the payout is {say(view)}; expected "
            "paid: write a result down before you answer it"
        )


def pay_out_in_background(context: CheckContext) -> Future[Payment]:
    """Start a payout, and return when Daraja has accepted it and not yet acknowledged it.

    The payment is there when the merchant has answered, or is dead.

    Raises:
        Untested: no request reached Daraja.
    """
    ack_late = {"ack_late": {"by_s": ACK_LATE_S}}
    scenario = payout_situation(KILLED, ack_late, outcome=after(RESULT_AFTER_S))
    began_at = time.time()
    asking = context.actions.in_background(lambda: pay_out(context, scenario))
    rows = context.time.until(
        lambda: [
            row for row in context.control.payments() if row["scenario"] == KILLED and row["created_at"] >= began_at
        ],
        within_s=SENT_WITHIN_S,
    )
    if not rows:
        raise Untested("no payout request reached Daraja, so the merchant was not killed meanwhile")
    return asking
