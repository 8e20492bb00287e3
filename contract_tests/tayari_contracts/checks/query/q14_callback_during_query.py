"""Q14: a callback that comes while a status query is under way is kept, and credited once."""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import polite
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.payment import PAID, REVIEW, Payment
from tayari_contracts.steps.status_queries import READ_EVERY_S, on_query, unanswered
from tayari_contracts.steps.timed_acts import Act, expect_one_credit, play

ANSWER_S: Final = 1.5
"""Seconds until Daraja answers each first query; the answer was true when the query came."""
APART_S: Final = (0.6, 0.15, 0.03, 0.0, -0.1)
"""Seconds from the callback to the answer of the query; the last callback comes after it."""
APART_LIMITED_S: Final = (0.6, 0.03)
"""The same for a merchant that makes few queries a minute: more payments would wait longer than it follows them."""
IN_FLIGHT: Final = {"in_flight": ["4999"], "for_calls": 1}


@check("Q14")
def a_callback_during_a_query_credits_once(context: CheckContext) -> None:
    """A callback says "paid" while a query is answered, with "in flight" for some payments and "paid" for others."""
    one_by_one = polite(context.run.queries_per_minute) is not None
    groups = []
    for kind, keys in (("in-flight", {"query": IN_FLIGHT}), ("paid", {})):
        group = []
        for number, apart_s in enumerate(APART_LIMITED_S if one_by_one else APART_S):
            payment, sending = _begin(context, f"inline/q14-{kind}-{number}", apart_s, **keys)
            group.append((payment, sending))
            if one_by_one and sending.result():
                context.observations.until(payment, PAID, REVIEW, within_s=context.time.settled_s)
        groups.append(group)
    sent = [[payment for payment, sending in group if sending.result()] for group in groups]
    if not any(sent):
        raise Untested("no status query came for a payment without callback, so no callback could come during one")
    context.time.pause(ANSWER_S)
    expect_one_credit(
        context, sent[0], because="its callback came while a query was answered with in flight, which was out of date"
    )
    expect_one_credit(context, sent[1], because="its callback and the answer to a query said so at the same moment")


def _begin(context: CheckContext, name: str, apart_s: float, **keys: Any) -> tuple[Payment, Future[bool]]:
    """Start a payment whose callback is sent when its first query is about to be answered; whether it was sent."""
    slow = on_query("slow", first_byte_s=ANSWER_S)
    payment = context.actions.pay_accepted(unanswered(name, slow, after_s=0.5, **keys))
    return payment, context.actions.in_background(partial(_send_during_query, context, payment, apart_s))


def _is_asked_about(context: CheckContext, payment: Payment) -> bool:
    """Wait for the first query, and read the payment's page meanwhile; whether a query came.

    Some merchants query Daraja when their page is read, and answer after that, so this does not wait for the answer.
    The page is not read again before it was answered.
    """
    reading: Future[None] | None = None
    end = time.monotonic() + context.time.patience_s
    while time.monotonic() < end and context.time.remains and not context.run.silence.found:
        if context.observations.wait("query_seen", payment, within_s=READ_EVERY_S):
            return True
        if context.profile.shows_state and (reading is None or reading.done()):
            reading = context.actions.in_background(partial(context.observations.refresh, payment))
    return False


def _send_during_query(context: CheckContext, payment: Payment, apart_s: float) -> bool:
    if not _is_asked_about(context, payment):
        return False
    play(context, [Act(ANSWER_S - apart_s, partial(context.actions.send_callback, payment))])
    return True
