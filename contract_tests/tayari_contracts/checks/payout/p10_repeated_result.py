"""P10: a payout is settled once, whatever comes after its result."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, quote, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.payees import NO_M_PESA
from tayari_contracts.steps.payouts import (
    expect_one_id,
    expect_results_taken,
    pay_out_sent,
    payout_requests,
    payout_situation,
    transactions,
)


@check("P10")
def a_result_settles_once(context: CheckContext) -> None:
    """A success comes twice, and then a failure. For another payout a failure comes, and then a success."""
    payment = pay_out_sent(context, "payout/result-twice")
    expect_results_taken(context, payment, count=2)
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Untested(f"an ordinary payout was not paid (it is {say(view)}), so nothing could be settled twice")
    conversation_id = transactions(context, payment)[0]["checkout_request_id"]
    answers = context.control.send_callback(checkout_request_id=conversation_id, result_code=1)
    context.time.pause(1.0)
    view = context.observations.status(payment)
    if view.state not in (PAID, REVIEW):
        raise Failed(
            f"a success came twice, and then a failure (answered {quote(str(answers[:1]), most=80)}); now the payout "
            f"is {say(view)}; expected it to stay paid"
        )
    expect_one_id(context, payment, "its result came twice")
    if len(payout_requests(context, payment)) > 1:
        raise Failed("a result came twice, and the payout was sent again; expected it to be settled once")
    _expect_paid_after_all(context)


def _expect_paid_after_all(context: CheckContext) -> None:
    """Expect that a payout does not stay failed whose failure is followed by a success.

    Raises:
        Failed: it does, so that staff pay it again.
    """
    scenario = payout_situation(
        "inline/p10-paid-after-all",
        outcome=after(0.5, result_code=NO_M_PESA),
        then=[{"result_code": 0, "after_s": 2.0}],
    )
    payment = pay_out_sent(context, scenario)
    expect_results_taken(context, payment, count=2)
    why = "M-Pesa said that a payout had failed, and then that it was paid"
    view = context.observations.until(payment, PAID, REVIEW, within_s=context.time.settle_s)
    expect_one_id(context, payment, why)
    if view.state is FAILED:
        raise Failed(f"{why}; now it is {say(view)}; expected paid or review: staff who read failed pay it again")
