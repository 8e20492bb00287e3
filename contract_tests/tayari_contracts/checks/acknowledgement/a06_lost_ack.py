"""A06: after a lost acknowledgement the payment is kept as unknown, and is not pushed again."""

from __future__ import annotations

import time
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, quote, say, times
from tayari_contracts.context.message_topics import (
    failures_in,
    invites_payment,
    message_at_start,
    problems_of,
    promises_in,
)
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW, Payment
from tayari_contracts.steps.pushes import calm_pushes, first_push
from tayari_contracts.steps.timed_acts import side_by_side

LOSSES: Final[dict[str, Fault]] = {
    "HTTP 504 from the gateway": {"ack_lost": {"status": 504}},
    "HTTP 502 from the gateway": {"ack_lost": {"status": 502}},
    "a closed connection": {"ack_lost": {"drop": True}},
}
PAID_AFTER_S = 2.0
UNKNOWN_S = 3.0
"""Seconds of looks while the merchant cannot know the result: the callback is held, and it has no id for a query."""
OFTEN_S = 0.3
HELD_S = 40.0
"""Longer than all looks at one payment take."""
WATCHED_S = 6.0
"""Longer than the first pauses of a retry."""


@check("A06")
def leaves_the_payment_unknown(context: CheckContext) -> None:
    """Daraja accepts the push, the acknowledgement is lost in three ways, the customer pays, the callback is late."""
    problems = side_by_side(context, LOSSES, lambda name: _problem(context, name, LOSSES[name]))
    if found := next(filter(None, problems.values()), ""):
        raise Failed(found)


def _problem(context: CheckContext, name: str, loss: Fault) -> str:
    payment = context.actions.pay(situation("inline/ack-lost", loss, outcome=after(PAID_AFTER_S)), hold_s=HELD_S)
    try:
        first_push(context, payment)
        shown = _shown_while_unknown(context, payment)
        pushes = calm_pushes(context, payment, calm_s=WATCHED_S - UNKNOWN_S, within_s=2 * WATCHED_S)
    finally:
        context.actions.release_callbacks(payment)
    if len(pushes) > 1:
        return (
            f"the acknowledgement was lost ({name}), Daraja had accepted the push, and the merchant pushed "
            f"{times(len(pushes))}; expected one push, and the payment kept as unknown"
        )
    if shown:
        return (
            f"the acknowledgement was lost ({name}), nobody knows yet whether the customer pays, and {shown}; "
            "expected that the payment is being checked, and that nobody is asked to pay again"
        )
    return _problem_of_state(context, payment, name)


def _shown_while_unknown(context: CheckContext, payment: Payment) -> str:
    """The first state or message before any callback that claims to know the result; empty when there is none."""
    end = time.monotonic() + UNKNOWN_S
    while True:
        view = context.observations.status(payment)
        if view.state is FAILED:
            return f"the payment is failed ({quote(view.message or message_at_start(payment.started))})"
        for text in (message_at_start(payment.started), view.message):
            if text and (failures_in(text) or invites_payment(text) or promises_in(text)):
                return f"the customer is told {quote(text)}"
        if time.monotonic() >= end or not context.time.remains:
            return ""
        context.time.pause(OFTEN_S)


def _problem_of_state(context: CheckContext, payment: Payment, name: str) -> str:
    """What is wrong once the customer has paid; empty if the payment is paid, pending or in review."""
    view = context.observations.until(payment, PAID, PENDING, REVIEW, within_s=context.time.settle_s)
    if view.state in (PAID, PENDING, REVIEW):
        return ""
    if view.state is FAILED:
        return (
            f"the acknowledgement was lost ({name}), the customer has paid, and the payment is failed; expected paid, "
            "pending or review"
        )
    if payment.started.accepted:
        raise Unjudged(f"the payment is {say(view)}")
    text = context.observations.messages(payment)
    if problems_of(text, "unconfirmed"):
        return (
            f"the acknowledgement was lost ({name}), the customer has paid, no payment can be asked for, and the "
            f"customer was told {quote(text)}; expected a payment that is kept and checked"
        )
    return ""
