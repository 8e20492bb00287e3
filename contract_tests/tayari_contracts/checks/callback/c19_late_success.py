"""C19: a success after a failure, or after the merchant gave up, is honoured or handed to a person."""

from __future__ import annotations

import time
from functools import partial

from tayari_control.client import ControlError

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.findings import Failed, Finding, Unjudged, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, SETTLED, Payment
from tayari_contracts.steps.status_queries import unanswered

FAILURE = 1037
CANCELLED = 1032
"""Many merchants take this as final. But a stranger may have sent it, and M-Pesa's success means that money moved."""
LATER_S = 5.0
SECOND_TRY_S = 12.0
"""Seconds until the success of a first try: by then the customer has paid at the second try."""
WAITED_S = SECOND_TRY_S + 10.0
LONGEST_S = 60.0
"""The longest time that a payment stays without a result: many merchants have called it expired by then."""
BEYOND = 1.5
"""Times the promised time: a merchant that gives payments up has done so by then."""
AFTER_IT_GAVE_UP_S = 1.0
"""Seconds from then to the success."""


@check("C19")
def a_success_after_failure_is_not_dropped(context: CheckContext) -> None:
    """A success comes some seconds after 1037, after 1032, and after a long silence.

    For one payment no callback reports the failure, so only a status query can. One order fails twice before the
    success of its first try comes.
    """
    failed_twice = context.actions.in_background(partial(fail_twice, context))
    longest_s = min(LONGEST_S, BEYOND * context.time.reconcile_s + GRACE_S)
    expired = context.actions.pay_accepted(situation("inline/c19-after-expiry", outcome=after(longest_s)))
    asked = context.actions.pay_accepted(
        unanswered(
            "inline/c19-asked", result_code=CANCELLED, after_s=0.5, then=[{"result_code": 0, "after_s": longest_s}]
        )
    )
    silence = context.actions.in_background(partial(end_silence, context, expired, asked, longest_s=longest_s))
    failed, cancelled = (
        context.actions.pay_accepted(
            situation(
                "inline/c19-late-success",
                outcome=after(0.5, result_code=code),
                then=[{"result_code": 0, "after_s": LATER_S}],
            )
        )
        for code in (FAILURE, CANCELLED)
    )
    context.observations.wait("callback_answered", failed, within_s=LATER_S + 10.0)
    read = failure_was_read(context, failed)  # at once, because its success comes soon
    retried = pay_twice(context)
    for payment, code in ((failed, FAILURE), (cancelled, CANCELLED)):
        context.observations.wait("callback_answered", payment, count=2, within_s=LATER_S + 10.0)
        context.expectations.honoured(payment, because=f"a success followed some seconds after a failure ({code})")
    if retried is not None:
        expect_both_seen(context, retried)
    silence_s = silence.result()
    of_asked = context.actions.in_background(partial(expect_asked_honoured, context, asked, silence_s))
    context.observations.wait("callback_answered", expired, within_s=10.0)
    context.expectations.honoured(expired, because=f"its success came {silence_s:.0f} s after the push")
    of_asked.result()
    failed_twice.result()
    if not read:
        raise Unjudged("the payment was honoured, but nothing shows that the failure before it (1037) was read at all")


def end_silence(context: CheckContext, expired: Payment, asked: Payment, *, longest_s: float) -> float:
    """Release the successes of both payments after the merchant gave `expired` up and its promised time is over.

    That is at the latest `longest_s` after the push. Returns the seconds of silence.
    """

    def left_s(of_s: float) -> float:
        return max(0.0, expired.began_at + of_s - time.time())

    context.time.pause(left_s(min(longest_s, context.time.reconcile_s + GRACE_S)))
    if context.observations.until(expired, FAILED, REVIEW, within_s=left_s(longest_s)).state in (FAILED, REVIEW):
        context.time.pause(AFTER_IT_GAVE_UP_S)
    for payment in (expired, asked):
        try:
            context.control.bring_result(context.actions.require_accepted(payment))
        except ControlError as error:
            if error.code != "no_result":  # the result has come already
                raise
    return time.time() - expired.began_at


def expect_asked_honoured(context: CheckContext, asked: Payment, silence_s: float) -> None:
    """Expect that the payment is honoured whose failure no callback reported. `silence_s`: until its success."""
    context.observations.wait("callback_answered", asked, within_s=10.0)
    because = (
        "its success came after a status query had been answered with a failure"
        if context.journal.queries(asked)
        else f"its success came {silence_s:.0f} s after a failure that no callback reported"
    )
    context.expectations.honoured(asked, because=because)


def fail_first_try(context: CheckContext, name: str) -> Payment | None:
    """Start the first try of an order, which fails; its success comes later.

    None if the merchant shows no failure, or cannot try one order again.
    """
    try:
        context.profile.require_one_order(by_retry=True)
    except Finding:
        return None
    late = [{"result_code": 0, "after_s": SECOND_TRY_S}]
    first = context.actions.pay_accepted(situation(name, outcome=after(0.5, result_code=CANCELLED), then=late))
    return first if context.observations.until(first, FAILED, REVIEW).state is FAILED else None


def fail_twice(context: CheckContext) -> None:
    """Expect that the success of an order's first try is honoured after its second try has failed too.

    A merchant that keeps only the newest CheckoutRequestID does not know the first one any more.

    Raises:
        Failed: it is dropped.
    """
    first = fail_first_try(context, "inline/c19-failed-twice")
    if first is None:
        return
    refused = situation("inline/c19-second-refusal", outcome=after(0.5, result_code=CANCELLED))
    second = context.actions.pay_again(first, refused)
    if not second.started.accepted or not context.observations.wait("callback_answered", second):
        return
    context.control.wait("callback_answered", msisdn=first.msisdn, since=first.since, count=3, timeout_s=WAITED_S)
    context.expectations.honoured(
        first, because="the success of an order's first try came after its second try had failed"
    )


def pay_twice(context: CheckContext) -> Payment | None:
    """Let an order be paid at its second try; returns the first try, whose success comes after that.

    None if the two tries are one payment for the merchant, or cannot be of one order.
    """
    first = fail_first_try(context, "inline/c19-first-try")
    if first is None:
        return None
    second = context.actions.pay_again(first, situation("inline/c19-second-try", outcome=after(0.5)))
    if second.payment_id == first.payment_id or context.observations.until(second, PAID).state is not PAID:
        return None
    return first


def expect_both_seen(context: CheckContext, first: Payment) -> None:
    """Expect that each payment is paid or in review where the customer has paid twice for one order.

    Raises:
        Failed: the success of the first try is dropped.
    """
    context.observations.wait("callback_answered", first, count=3, within_s=SECOND_TRY_S + 10.0)
    context.observations.until(first, PAID, REVIEW, within_s=context.time.settled_s)
    view = context.expectations.status_after_queue(first)
    if view.state not in (PAID, REVIEW):
        raise Failed(
            f"an order was paid at the second try, then the success of the first one came, which is {say(view)}; "
            "expected paid or review: its customer has paid twice, and somebody has to give one payment back"
        )


def failure_was_read(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant has read the failure before the success comes, which is held until then.

    The states failed and review prove it. So does a query that was answered with the failure, and the message if the
    merchant stores it. The state paid does not: a query may have reported the success already.
    """
    context.control.hold(payment.msisdn, for_s=context.time.slow_queue_s)
    try:
        view = context.observations.until(payment, *SETTLED, within_s=context.time.slow_queue_s)
        return view.state in (FAILED, REVIEW) or got_failure(context, payment)
    finally:
        context.actions.release_callbacks(payment)


def got_failure(context: CheckContext, payment: Payment) -> bool:
    """Whether a query was answered with the failure, or the audit view has the failure's callback."""
    if context.journal.has_query_result(payment, FAILURE):
        return True
    return any(str(FAILURE) in message for message in context.observations.kept_messages(payment) or ())
