"""P02 to P06: whatever Daraja answers or does not answer, one payout is sent under one id."""

from __future__ import annotations

import time
from typing import Final

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.payment import FAILED, PAID, PENDING, Payment
from tayari_contracts.steps.control_payments import judge_control
from tayari_contracts.steps.control_payouts import WATCHED_S
from tayari_contracts.steps.payouts import (
    asked_about,
    error_of,
    expect_one_id,
    expect_results_taken,
    originator_ids,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    require_readable,
    transactions,
    watch,
)

DUPLICATE: Final = "500.002.1001"
ACK_LATE_S: Final = 6.0
KILLED: Final = "inline/p02-killed"
RESULT_AFTER_S: Final = 15.0
"""The result of a payout whose acknowledgement is lost: late enough that a merchant tries again before."""


@check("P02")
def the_id_survives_a_crash(context: CheckContext) -> None:
    """The merchant is killed while its request waits for the acknowledgement, and started again."""
    payment = pay_out_in_background(context)
    first = transactions(context, payment)
    context.stage.kill_merchant()
    context.actions.restart_merchant()
    context.evidence.watch_since(payment.since, endpoint="b2c")
    context.time.until(
        lambda: len(payout_requests(context, payment)) > 1 or len(transactions(context, payment)) > len(first),
        within_s=ACK_LATE_S + RESULT_AFTER_S,
    )
    expect_one_id(context, payment, "the merchant was killed while it waited for the acknowledgement")
    if len(payout_requests(context, payment)) < 2:
        context.evidence.notes.append("it did not send the payout again after the restart")


def pay_out_in_background(context: CheckContext) -> Payment:
    """A payout that Daraja has accepted, and not yet acknowledged.

    Raises:
        Untested: it did not come so far.
    """
    ack_late = {"ack_late": {"by_s": ACK_LATE_S}}
    scenario = payout_situation(KILLED, ack_late, outcome=after(RESULT_AFTER_S))
    before, began_at = len(context.run.payouts), time.time()
    asking = context.actions.in_background(lambda: pay_out(context, scenario))
    rows = context.time.until(
        lambda: [
            row for row in context.control.payments() if row["scenario"] == KILLED and row["created_at"] >= began_at
        ],
        within_s=20.0,
    )
    if not rows:
        raise Untested("no payout request reached Daraja, so the merchant was not killed meanwhile")
    if not context.time.until(lambda: len(context.run.payouts) > before or asking.done(), within_s=1.0):
        context.stage.kill_merchant()
    return asking.result()


@check("P03")
def an_unknown_outcome_is_repeated_under_the_same_id(context: CheckContext) -> None:
    """Daraja accepts, and the merchant hears nothing, or a time-out of the gateway."""
    losses = {"a closed connection": {"drop": True}, "HTTP 504": {"status": 504}}
    played = [
        (
            name,
            pay_out_sent(
                context, payout_situation(f"inline/p03-{number}", {"ack_lost": loss}, outcome=after(RESULT_AFTER_S))
            ),
        )
        for number, (name, loss) in enumerate(losses.items(), 1)
    ]
    repeated = 0
    for name, payment in played:
        why = f"the acknowledgement was lost ({name})"
        context.time.until(lambda sent=payment: reacted(context, sent), within_s=RESULT_AFTER_S)  # type: ignore[misc]
        first_two = payout_requests(context, payment)[:2]
        if len(originator_ids(first_two)) > 1:
            expect_one_id(context, payment, why)
        view = context.observations.status(payment)
        require_readable(view)
        if view.state is FAILED:
            raise Failed(f"{why}, and the payout is {say(view)}; expected pending or review, for M-Pesa pays it")
        repeated += reacted(context, payment)
    if not repeated:
        raise Untested(
            f"the merchant neither sent the payout again nor asked about it within {RESULT_AFTER_S:g} s, so how it "
            "does that was not seen"
        )


def reacted(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant sent the payout again, or asked about it."""
    return len(payout_requests(context, payment)) > 1 or asked_about(context, payment)


@check("P04")
def a_duplicate_is_an_accepted_payout(context: CheckContext) -> None:
    """Daraja answers 500.002.1001: it had accepted a request with this id before."""
    payment = pay_out_sent(context, "payout/duplicate-id")
    if error_of(payout_requests(context, payment)[0]) != DUPLICATE:
        raise Untested(
            f"the request was not answered {DUPLICATE}: {payout_requests(context, payment)[0].get('response')}"
        )
    view = watch(
        context, payment, for_s=WATCHED_S, why=f"Daraja answered {DUPLICATE}, so it had accepted the payout before"
    )
    require_readable(view)


@check("P05")
def a_payout_without_result_is_not_repeated_blindly(context: CheckContext) -> None:
    """One payout gets no result at all; of another the result says 17, an internal failure."""
    unclear = pay_out_sent(context, payout_situation("inline/p05-unclear", outcome=after(0.5, result_code=17)))
    expect_results_taken(context, unclear)
    judge_control(context, Control.SILENT_PAYOUT)
    expect_one_id(context, unclear, "the result was 17, which does not say whether money moved")


@check("P06")
def a_queue_time_out_decides_nothing(context: CheckContext) -> None:
    """M-Pesa calls the QueueTimeOutURL, and pays a little later."""
    payment = pay_out_sent(context, "payout/queue-timeout")
    expect_results_taken(context, payment)
    why = "M-Pesa called the QueueTimeOutURL, which decides nothing"
    require_readable(watch(context, payment, for_s=2.0, why=why))
    expect_results_taken(context, payment, count=2)
    view = context.observations.until(payment, PAID, within_s=context.time.settled_s)
    expect_one_id(context, payment, why)
    if view.state in (FAILED, PENDING):
        raise Failed(f"{why}; then a result said that it was paid, and the payout is {say(view)}; expected paid")
