"""C18: a failure after a success does not take the payment back."""

from __future__ import annotations

from functools import partial

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, say
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW
from tayari_contracts.context.run_record import CRASH

WATCH_S = 3.0


@check("C18")
def a_failure_after_success_unpays_nothing(context: CheckContext) -> None:
    """Paid; then 1037 comes for the same payment, and Daraja still says that it is paid."""
    payment = context.actions.pay_accepted(situation("inline/c18-paid", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    answers = context.actions.send_callback(payment, result_code=1037)
    if all((answer.get("status") or CRASH) >= CRASH for answer in answers):
        raise Unjudged("the late failure got no answer, or a crash: what it does to a paid payment was not seen")

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
