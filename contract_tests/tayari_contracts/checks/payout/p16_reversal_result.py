"""P16: a refund is done when its result says so, and not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Missing, Warned, quote, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.payouts import STOPPED_AFTER_S
from tayari_contracts.steps.refunds import (
    bring_result,
    expect_not_failed,
    expect_not_reversed,
    give_back,
    is_reversal,
    lost_on_the_way,
    paid_payment,
    refund_requests,
    require_sent,
    reversal_situation,
    shillings_of,
)

LATE_S: Final = 5.0
"""Seconds until the merchant has answered a queue time-out."""
OPEN_S: Final = 30.0
"""Seconds until a result that is brought forward once all refunds are open.

A merchant that looks for the oldest or the newest refund without result finds another one.
"""
LOOKED_FOR_S: Final = 2.0
BY_REVERSAL: Final = "of a reversal was R000002 (no such payment can be reversed)"
BY_PAYOUT: Final = "of a payout that refunds was 2040 (the payer has no M-Pesa)"
"""The result of the refused refund, in words. Source: reference 3.10, 3.4."""


@check("P16")
def a_refund_is_a_reversal_that_succeeded(context: CheckContext) -> None:
    """One refund succeeds, one waits too long in M-Pesa's queue before it succeeds, and one fails.

    The failure's result code is text. All are open when the first result comes.
    """
    payment = paid_payment(context)
    later = paid_payment(context)
    late = give_back(context, payment, reversal_situation("inline/p16-late", outcome=after(OPEN_S)))
    expect_not_reversed(context, later, late)
    require_sent(context, late)
    _expect_named_by_receipt(context, late)
    short = _short_refund(context, late)
    _expect_not_yet(context, late)
    timed_out = _give_back_beside(
        context,
        [late],
        reversal_situation(
            "inline/p16-timed-out",
            outcome={"queue_timeout": True, "after_s": 0.5},
            then=[{"result_code": 0, "after_s": OPEN_S}],
        ),
    )
    context.observations.wait("callback_answered", timed_out, within_s=LATE_S)
    expect_not_failed(context, timed_out, "M-Pesa called the QueueTimeOutURL of a refund, which decides nothing")
    refused = _give_back_beside(
        context,
        [late, timed_out],
        reversal_situation("inline/p16-refused", outcome=after(OPEN_S, result_code="R000002")),
    )
    for refund in (late, refused, timed_out):
        bring_result(context, refund)
        context.observations.wait("callback_answered", refund, within_s=context.time.settled_s)
    _expect_not_refunded(context, refused)
    for refund in (late, timed_out):
        view = context.observations.until(refund, PAID, within_s=LATE_S + context.time.settled_s)
        if view.state is not PAID:
            raise Missing(
                f"M-Pesa gave a payment back, and the refund is {say(view)}; expected paid: the money is back"
                f"{lost_on_the_way(context, refund)}"
            )
    if short:
        raise Warned(short)


def _give_back_beside(context: CheckContext, others: Sequence[Payment], scenario: Mapping[str, Any]) -> Payment:
    """A refund of a new payment while `others` are open. A merchant that sends one at a time gets their results first.

    Raises:
        Untested: no request reached Daraja.
    """
    refund = give_back(context, paid_payment(context), scenario)
    if not context.time.until(lambda: refund_requests(context, refund), within_s=STOPPED_AFTER_S):
        for other in others:
            bring_result(context, other)
        context.evidence.notes.append("the merchant sent no refund while another was open")
    require_sent(context, refund)
    return refund


def _expect_named_by_receipt(context: CheckContext, refund: Payment) -> None:
    """Expect that the reversal names the receipt of the payment: Daraja answers other ids with R000002.

    Raises:
        Failed: it does not, or Daraja refused it.
    """
    first = refund_requests(context, refund)[0]
    if not is_reversal(first):
        context.evidence.notes.append("the merchant refunds by a payout, not by a reversal")
        return
    assert refund.refund_of is not None
    named = str(body_of(first).get("TransactionID"))
    receipt = str(context.journal.record(refund.refund_of).get("receipt"))
    if named != receipt:
        raise Failed(f"the reversal names {quote(named)}; expected the receipt of the payment, {receipt}")
    if (first.get("response") or {}).get("status") != 200:
        answer = str((first.get("response") or {}).get("body") or "")
        raise Failed(f"Daraja refused the reversal of an ordinary payment: {quote(answer)}; expected it to be accepted")


def _short_refund(context: CheckContext, refund: Payment) -> str:
    """What is wrong with the amount of a refund; empty if it is that of the payment."""
    given = body_of(refund_requests(context, refund)[0]).get("Amount")
    if shillings_of(given) == float(refund.amount):
        return ""
    return f"the refund of a payment of {refund.amount} shillings gives {given} back; expected the whole payment"


def _expect_not_yet(context: CheckContext, refund: Payment) -> None:
    """Expect that an acknowledged refund is not done before its result.

    Raises:
        Failed: it is.
    """
    view = context.observations.until(refund, PAID, within_s=LOOKED_FOR_S)
    if view.state is PAID:
        raise Failed(
            f"the request was acknowledged, no result has come, and the refund is {say(view)}; expected pending"
        )


def _expect_not_refunded(context: CheckContext, refund: Payment) -> None:
    view = context.observations.until(refund, PAID, FAILED, REVIEW, within_s=context.time.settle_s)
    result = BY_REVERSAL if is_reversal(refund_requests(context, refund)[0]) else BY_PAYOUT
    if view.state is PAID:
        raise Failed(
            f"the result {result}, and the refund is {say(view)}; expected failed or review: codes are text, and only "
            "0 gives money back"
        )
    if view.state not in (FAILED, REVIEW):
        lost = lost_on_the_way(context, refund)
        raise Missing(f"the result {result}, and the refund is {say(view)}; expected failed or review{lost}")
