"""C19: a success after a failure is honoured, or handed to a person; the money has moved."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.findings import Failed, Unjudged, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.journal_reader import answer_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, SETTLED, Payment

FAILURE = 1037
LATER_S = 5.0
LONGEST_S = 60.0
"""So long the other payment is silent at most: many a merchant has called it expired by then."""
BEYOND = 1.5
"""A merchant that says when it settles without a callback has given up, if it ever does, not much later than that."""


@check("C19")
def a_success_after_failure_is_not_dropped(context: CheckContext) -> None:
    """1037 at first, then the approval arrives after all; and an approval after a long silence."""
    silence_s = min(LONGEST_S, BEYOND * context.time.reconcile_s + GRACE_S)
    expired = context.actions.pay_accepted(situation("inline/c19-after-expiry", outcome=after(silence_s)))
    failed = context.actions.pay_accepted(
        situation(
            "inline/c19-late-success",
            outcome=after(0.5, result_code=FAILURE),
            then=[{"result_code": 0, "after_s": LATER_S}],
        )
    )
    context.observations.wait("callback_answered", failed, within_s=LATER_S + 10.0)
    read = failure_was_read(context, failed)
    context.observations.wait("callback_answered", failed, count=2, within_s=LATER_S + 10.0)
    expect_honoured(context, failed, because="a success followed some seconds after a failure")
    context.observations.wait("callback_answered", expired, within_s=silence_s + 10.0)
    expect_honoured(context, expired, because=f"its success came {silence_s:g} s after the push")
    if not read:
        raise Unjudged("the payment was honoured, but nothing shows that the failure before it (1037) was read at all")


def expect_honoured(context: CheckContext, payment: Payment, *, because: str) -> None:
    """Paid once, or in the hands of a person.

    Raises:
        Failed: it is neither, when the merchant has dealt with the success.
    """
    context.observations.until(payment, (PAID, REVIEW), within_s=context.time.settled_s)
    view = context.expectations.status_after_queue(payment)
    if view.state not in (PAID, REVIEW):
        raise Failed(f"the payment is {say(view)}; expected paid or review: {because}, and the money has moved")
    if view.state is PAID and context.profile.shows_credits:
        context.expectations.credits(payment, 1, quiet_s=0.3, because=because)


def failure_was_read(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant has dealt with the failure before the success comes, which is held back until then.

    Paid is no sign of it: a query may have told of the success already. Failed is, or a person's hands; so is a query
    that heard the failure, and the message itself where the merchant keeps it.
    """
    context.control.hold(payment.msisdn, for_s=context.time.slow_queue_s)
    try:
        view = context.observations.until(payment, SETTLED, within_s=context.time.slow_queue_s)
        return view.state in (FAILED, REVIEW) or heard_failure(context, payment)
    finally:
        context.actions.release_callbacks(payment)


def heard_failure(context: CheckContext, payment: Payment) -> bool:
    """Whether a query was answered with the failure, or the audit view has the failure's callback."""
    if any(str(answer_of(entry).get("ResultCode")) == str(FAILURE) for entry in context.journal.queries(payment)):
        return True
    kept = context.driver.read_audit(payment_id=payment.payment_id, reference=payment.reference) or ()
    wanted = str(context.journal.record(payment).get("checkout_request_id"))
    return any(wanted in message and str(FAILURE) in message.replace(wanted, "") for message in kept)
