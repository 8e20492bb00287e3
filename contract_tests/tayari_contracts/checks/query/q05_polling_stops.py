"""Q05: asking stops when the answer is known."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.status_queries import times_of, unanswered

STRAGGLER_S = 1.5
"""A query within this time may have been under way when the payment became final."""

WATCH_S = 12.0
"""The shortest watch after the end."""
LONGEST_WATCH_S = 45.0
GAPS = 2.5
"""The watch lasts for so many of the merchant's own pauses."""


@check("Q05")
def asking_stops_at_the_end(context: CheckContext) -> None:
    """Three payments become final: by a callback, by the query answer "paid", and by the query answer "cancelled"."""
    called_back = context.actions.pay_accepted(situation("inline/q05-called-back", outcome=after(3.0)))
    asked = context.actions.pay_accepted(unanswered("inline/q05-asked", query={"in_flight": ["4999"], "for_calls": 1}))
    cancelled = context.actions.pay_accepted(unanswered("inline/q05-cancelled", result_code=1032))
    ends = {payment.reference: final_at(context, payment) for payment in (called_back, asked, cancelled)}

    if not any(context.journal.queries(payment) for payment in (called_back, asked, cancelled)):
        raise Untested("the merchant never asked about a payment, so nothing could stop")
    context.time.pause(watch_s(context, asked))
    for payment in (called_back, asked, cancelled):
        judge(times_of(context.journal.queries(payment)), ends[payment.reference])


def final_at(context: CheckContext, payment: Payment) -> float:
    """When the payment was seen to be final, epoch seconds.

    Raises:
        Untested: it never was.
    """
    view = context.observations.until(payment, PAID, FAILED, REVIEW, within_s=context.time.settled_s + GRACE_S)
    if view.state not in (PAID, FAILED, REVIEW):
        raise Untested("a payment never became final, so it could not be seen whether asking stops then")
    return time.time()


def watch_s(context: CheckContext, payment: Payment) -> float:
    """Seconds in which two more queries would come if the merchant went on as before."""
    gaps = gaps_s(context.journal.queries(payment))
    return min(LONGEST_WATCH_S, max(WATCH_S, GAPS * gaps[-1] if gaps else 0.0))


def judge(times_s: list[float], final_at_s: float) -> None:
    """Expect at most one query after the end. Both times are epoch seconds.

    Raises:
        Failed: there are more.
    """
    late = [time_s for time_s in times_s if time_s > final_at_s + STRAGGLER_S]
    if len(late) > 1:
        raise Failed(
            f"{len(late)} status queries came after the payment was final, the last one "
            f"{late[-1] - final_at_s:.0f} s later; expected asking to stop"
        )
