"""Waiting for what a merchant sends to Daraja for one payment."""

from __future__ import annotations

import time

from tayari_money.payment_state import PaymentState

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.payment import Entry, Payment

LOOK_EVERY_S = 0.15


def first_push(context: CheckContext, payment: Payment) -> Entry:
    """The first STK push of this payment, accepted or not.

    Raises:
        Untested: none came; the sentence says what the merchant did instead.
    """
    pushes = calm_pushes(context, payment, calm_s=0.0, within_s=context.target.merchant.promises.answer_within_s)
    if not pushes:
        raise Untested(f"no STK push was sent for this payment: {context.actions.describe_start(payment)}")
    return pushes[0]


def calm_pushes(
    context: CheckContext, payment: Payment, *, calm_s: float, within_s: float = 10.0, at_least: int = 1
) -> list[Entry]:
    """The pushes of a payment, once no further one came for `calm_s` after the last of `at_least`, or time is up."""
    end = time.monotonic() + within_s
    pushes: list[Entry] = []
    changed_at = time.monotonic()
    while True:
        seen = context.journal.pushes(payment)
        now = time.monotonic()
        if len(seen) != len(pushes):
            pushes, changed_at = seen, now
        if now >= end or (len(pushes) >= at_least and now - changed_at >= calm_s):
            return pushes
        context.time.pause(LOOK_EVERY_S)


def taken_pushes(context: CheckContext, payment: Payment, *, refused_s: float = 0.5) -> list[Entry]:
    """The pushes of a payment that the merchant may refuse: none at once where it did, else within its own time.

    A merchant that pushes in the background has said yes before its push is sent, on a busy machine long before.
    """
    answer_s = context.target.merchant.promises.answer_within_s
    return calm_pushes(context, payment, calm_s=0.0, within_s=answer_s if payment.started.accepted else refused_s)


def gave_up(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant has told its customer that the payment is over: refused at the start, or failed since."""
    if not payment.started.accepted:
        return True
    if not context.profile.shows_state:
        return False
    return context.observations.status(payment).state in (PaymentState.FAILED, PaymentState.REVIEW)


def retried_pushes(context: CheckContext, payment: Payment, *, within_s: float, calm_s: float = 2.0) -> list[Entry]:
    """The pushes of a payment whose first ones are refused, until one is accepted, the merchant gives up, or time ends.

    A merchant that gave up is watched for `calm_s` more, for it may go on behind its customer's back.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if context.journal.accepted(payment):
            break
        if gave_up(context, payment):
            return calm_pushes(
                context, payment, calm_s=calm_s, within_s=max(calm_s, end - time.monotonic()), at_least=0
            )
        context.time.pause(LOOK_EVERY_S)
    return context.journal.pushes(payment)
