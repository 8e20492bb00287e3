"""P24: a payout waits for its approval, and is paid out once."""

from __future__ import annotations

from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Inapplicable, WrongCredit
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.payouts import (
    await_request,
    expect_one_id,
    expect_results_taken,
    pay_out,
    payout_requests,
    payout_situation,
    require_sent,
)
from tayari_contracts.steps.timed_acts import Act, play

BEFORE_S: Final = 6.0
"""Seconds without approval: a merchant that needs none sends the payout within this time."""
WATCHED_S: Final = 4.0
"""Longer than an approval that is handled in the background takes."""
CLICKS: Final = 3


@check("P24")
def a_payout_approved_twice_is_paid_once(context: CheckContext) -> None:
    """A payout is approved three times at the same moment, and once more when it has its result.

    Another payout is not approved, and is watched as long: a merchant that ignores approvals may send it later, from a
    queue.
    """
    payout = context.target.merchant.payout
    if payout is None or payout.approve is None:
        raise Inapplicable("the target file has no merchant.payout.approve: no second person approves a payout")
    held, payment = (
        pay_out(context, payout_situation(f"inline/p24-{name}", outcome=after(0.5)), approve=False)
        for name in ("unapproved", "approved")
    )
    context.time.until(lambda: payout_requests(context, held) or payout_requests(context, payment), within_s=BEFORE_S)
    _expect_unsent(context, held, payment)
    approve = partial(context.driver.approve_payout, payment.payment_id, payment.reference)
    play(context, [Act(0.0, approve)] * CLICKS)
    await_request(context, payment)
    _expect_unsent(context, held)
    require_sent(context, payment)
    expect_results_taken(context, payment)
    approve()
    context.time.pause(WATCHED_S)
    expect_one_id(context, payment, f"one payout was approved {CLICKS + 1} times")
    _expect_unsent(context, held)


def _expect_unsent(context: CheckContext, *held: Payment) -> None:
    """Expect that no request was made for these payouts, which nobody has approved.

    Raises:
        WrongCredit: one was made.
    """
    if any(payout_requests(context, payment) for payment in held):
        raise WrongCredit(
            "a payout was sent that nobody had approved; expected it to wait, because merchant.payout.approve says "
            "that a second person agrees. If small payouts need nobody, let all of them wait here (a setting in "
            "merchant.start.env), or remove the key"
        )
