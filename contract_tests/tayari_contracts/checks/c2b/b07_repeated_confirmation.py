"""B07: a confirmation that comes again credits once."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, say
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.c2b_payments import c2b_situation, confirm_again, pay_in

AT_ONCE: Final = 4


@check("B07")
def a_receipt_is_credited_once(context: CheckContext) -> None:
    """The confirmation comes three times, then four times at once."""
    payment = pay_in(context, c2b_situation("inline/b07-thrice", {"duplicate": {"count": 3, "gap_s": 0.3}}))
    if not context.observations.wait("callback_answered", payment, count=3, within_s=context.time.slow_queue_s):
        raise Untested("fewer than 3 confirmations of one payment were answered, so none was a repetition")
    context.expectations.callback_taken(payment)
    credited_first(context, payment)
    confirm_again(context, payment, times=AT_ONCE, parallel=True)
    context.expectations.credits(
        payment, 1, because=f"one payment was confirmed {3 + AT_ONCE} times with the same TransID"
    )


def credited_first(context: CheckContext, payment: Payment) -> None:
    """Require that the payment is credited before its confirmation is repeated.

    Raises:
        Untested: it is not.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Untested(f"the account was never credited (the payment is {say(view)}), so nothing could be judged")
