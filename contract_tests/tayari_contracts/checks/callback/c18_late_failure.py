"""C18: a failure after a success does not take the payment back."""

from __future__ import annotations

from functools import partial

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Finding, Unjudged, say
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW
from tayari_contracts.context.run_record import CRASH

WATCH_S = 3.0
CANCELLED = 1032
"""The result of the first try of an order."""


@check("C18")
def a_failure_after_success_unpays_nothing(context: CheckContext) -> None:
    """A payment is paid, and then a failure (1037) comes for it; queries still say that it is paid.

    Another order is paid at its second try, and the failure of its first try comes again.
    """
    retried = context.actions.in_background(partial(_expect_retried_order_paid, context))
    payment = context.actions.pay_accepted(situation("inline/c18-paid", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    answers = context.actions.send_callback(payment, result_code=1037)
    if all((answer.get("status") or CRASH) >= CRASH for answer in answers):
        raise Unjudged("the late failure got no answer, or a crash, so its effect on a paid payment was not seen")

    dealt_with = context.actions.in_background(partial(context.expectations.status_after_queue, payment))
    context.observations.until(payment, FAILED, PENDING, REVIEW, within_s=WATCH_S)
    dealt_with.result()
    view = context.observations.status(payment)
    if view.state in (FAILED, PENDING):
        raise Failed(f"a paid payment became {say(view)} when a late failure (1037) arrived; expected it to stay paid")
    if context.profile.shows_credits:
        context.expectations.credits(payment, 1, quiet_s=0.0, because="a late failure (1037) arrived after it was paid")
    elif view.state is not PAID:
        raise Unjudged(f"after a late failure the payment is {say(view)}; whether it is still credited cannot be seen")
    retried.result()


def _expect_retried_order_paid(context: CheckContext) -> None:
    """Expect that the failure of an order's first try, when it comes again, does not undo the second try, which paid.

    Nothing is expected if the merchant cannot know that two tries are of one order, or if the tries did not end as
    planned (S18 judges that).

    Raises:
        Failed: the order is failed or pending. WrongCredit: it is credited again.
    """
    try:
        context.profile.require_one_order(by_retry=True)
    except Finding:
        return
    first = context.actions.pay_accepted(situation("inline/c18-first-try", outcome=after(0.5, result_code=CANCELLED)))
    failed_id = context.actions.require_accepted(first)
    if context.observations.until(first, FAILED, REVIEW).state is not FAILED:
        return
    second = context.actions.pay_again(first, situation("inline/c18-second-try", outcome=after(0.5)))
    if context.observations.until(second, PAID).state is not PAID:
        return
    context.control.send_callback(checkout_request_id=failed_id)
    view = context.expectations.status_after_queue(second)
    if view.state in (FAILED, PENDING):
        raise Failed(
            f"an order was paid at its second try, the failure of its first one ({CANCELLED}) came again, and it is "
            f"{say(view)}; expected it to stay paid"
        )
    because = "the failure of its first try came again after it was paid"
    context.expectations.credits(second, 1, quiet_s=0.0, because=because)
