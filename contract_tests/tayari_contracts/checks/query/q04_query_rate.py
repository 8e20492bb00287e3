"""Q04: queries are few, and fewer after a 429."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import most_in, polite
from tayari_contracts.context.evidence import status_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import PENDING, Entry, Payment
from tayari_contracts.steps.status_queries import first_query, on_query, queries_until, times_of, unanswered

WINDOW_S = 60.0
PER_MINUTE = 5
"""The queries a minute that the sandbox lets through. Source: reference 1.11."""

TOO_MANY = 429
AT_ONCE_S = 1.0
"""A query within this time after a 429 comes at once."""
SOONER = 0.5
"""A gap below this share of the one before cannot be jitter."""

IN_FLIGHT = 60
"""So many queries are answered "in flight"."""


@check("Q04")
def queries_are_few(context: CheckContext) -> None:
    """One payment stays in flight for a minute; the second query for another one is answered 429.

    For a merchant that limits its queries one payment has both: of two, each would get too few queries before the
    merchant gives it up.
    """
    slowed = context.actions.pay_accepted(
        unanswered(
            "inline/q04-slowed",
            on_query("gateway_fault", fault="spike_arrest", after_calls=1),
            query={"in_flight": ["4999"], "for_calls": IN_FLIGHT},
        )
    )
    patient = slowed
    if polite(context.run.queries_per_minute) is None:
        patient = context.actions.pay_accepted(
            unanswered("inline/q04-in-flight", query={"in_flight": ["4999"], "for_calls": IN_FLIGHT})
        )
    first_query(context, patient)
    watch_a_minute(context, patient)
    was_slowed = queries_until(context, slowed, went_on_after_429, within_s=context.time.patience_s)
    judge_after_429(was_slowed)
    if not went_on_after_429(was_slowed):
        raise Untested(
            f"{len(was_slowed)} status queries came for a payment whose second one is answered 429, and none after "
            "that answer, so it was not seen whether the merchant slows down; it asks few enough"
        )


def went_on_after_429(queries: list[Entry]) -> bool:
    """Whether a query was answered 429, and another one followed."""
    return any(status_of(entry) == TOO_MANY for entry in queries[:-1])


def watch_a_minute(context: CheckContext, payment: Payment) -> None:
    """Count the queries for a minute, or until the payment is not pending any more.

    Raises:
        Failed: there were too many.
    """
    end = time.monotonic() + WINDOW_S
    while time.monotonic() < end:
        judge_rate(context, payment)
        if context.observations.status(payment).state is not PENDING:
            return
        context.time.pause(2.0)


def judge_rate(context: CheckContext, payment: Payment) -> None:
    """Expect at most five queries a minute for one payment, or as many for all as the merchant promises.

    Raises:
        Failed: there were more.
    """
    promised = context.target.merchant.promises.queries_per_minute
    if promised is None:
        found = most_in(times_of(context.journal.queries(payment)), WINDOW_S)
        if found > PER_MINUTE:
            raise Failed(
                f"{found} status queries came for one payment within a minute; expected at most {PER_MINUTE}, as "
                "Daraja's sandbox allows"
            )
        return
    found = most_in(times_of(context.journal.entries(endpoint="stk_query", kind="request")), WINDOW_S)
    if found > promised:
        raise Failed(f"{found} status queries came within a minute; expected at most {promised:g}, as promised")


def judge_after_429(queries: list[Entry]) -> None:
    """Expect a pause after a 429 that is not clearly shorter than the one before.

    Raises:
        Failed: the merchant asked again at once, or clearly sooner than before.
    """
    times = times_of(queries)
    for place, entry in enumerate(queries[:-1]):
        if status_of(entry) != TOO_MANY:
            continue
        pause_s = times[place + 1] - times[place]
        before_s = times[place] - times[place - 1] if place else 0.0
        if pause_s < AT_ONCE_S:
            raise Failed(f"after a 429 the next query came {pause_s:.1f} s later; expected a longer pause than before")
        if pause_s < SOONER * before_s:
            raise Failed(
                f"after a 429 the next query came after {pause_s:.1f} s, sooner than before it ({before_s:.1f} s); "
                "expected a longer pause"
            )
