"""Q12: a missing result is asked for with growing pauses until it is known."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import polite, spacing_s
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Missing, Unjudged, Untested
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Entry, Payment
from tayari_contracts.steps.retry_intervals import SAME, Trend, say_gaps, trend_of_one
from tayari_contracts.steps.status_queries import asks_only_when_read, first_query, queries_until, times_of, unanswered

IN_FLIGHT = 3
"""So many queries are answered "in flight". With the final one there are four queries and three pauses."""

IN_FLIGHT_LIMITED = 4
"""The same for a merchant with a query limit: the limit makes its first three pauses even."""

PATIENCE_S = 60.0
"""Seconds beyond what the merchant promises, because its pauses grow while the payment stays in flight."""

TRIES = 2
"""Other checks make a merchant that limits its queries wait, which can hide its own pauses: then it is tried again."""

WINDOW_S = 62.0
"""A minute, and how late the query after it may come on a busy machine."""

OWN_PACE = 0.9
"""The least share of its limit's pause that a merchant leaves between two queries."""


@check("Q12")
def missing_results_are_asked_for_with_growing_pauses(context: CheckContext) -> None:
    """No callback comes; the first queries are answered "in flight", and the last one "paid"."""
    for tried in range(1, TRIES + 1):
        try:
            gaps, by_limit = pauses_of_one(context)
            judge_spacing(gaps, limit=context.run.queries_per_minute, by_limit=by_limit)
            return
        except Unjudged as error:
            if error.certain or tried == TRIES:
                raise


def pauses_of_one(context: CheckContext) -> tuple[list[float], bool]:
    """The pauses in seconds between the queries for one payment, which is settled in the end.

    Returns also whether the merchant's own limit may have made the last of them.
    """
    in_flight = IN_FLIGHT if polite(context.run.queries_per_minute) is None else IN_FLIGHT_LIMITED
    payment = context.actions.pay_accepted(
        unanswered("inline/q12-backoff", query={"in_flight": ["4999"], "for_calls": in_flight})
    )
    first_query(context, payment)
    within_s = context.time.reconcile_s + PATIENCE_S + context.time.queue_s
    queries = queries_until(context, payment, lambda seen: len(seen) > in_flight, within_s=within_s)
    if asks_only_when_read(context, payment, queries):
        raise Untested(
            "the merchant asked only when the payment's state was read, so the pauses are those of the reader",
            certain=True,
        )
    if len(queries) <= in_flight:
        judge_too_few(context, payment, queries)
    context.expectations.paid_once(payment, because=f"query {in_flight + 1} said that it is paid")
    all_s = times_of(context.journal.entries(since=1, endpoint="stk_query", kind="request"))
    by_limit = made_by_limit(times_of(queries)[: in_flight + 1], all_s, limit=context.run.queries_per_minute)
    return gaps_s(queries)[:in_flight], by_limit


def made_by_limit(own_s: list[float], all_s: list[float], *, limit: float | None) -> bool:
    """Whether the merchant's query limit may have made the last pause.

    It may if the merchant asked about another payment in that pause, or used up its limit in the minute before its last
    query. `own_s`, `all_s`: when the queries for this payment, and for all, came (epoch seconds).
    """
    before_s, last_s = own_s[-2:]
    if any(before_s < at < last_s for at in all_s):
        return True
    return limit is not None and sum(last_s - WINDOW_S <= at < last_s for at in all_s) >= limit


def judge_spacing(gaps: list[float], *, limit: float | None = None, by_limit: bool = False) -> None:
    """Expect that the pauses grow. `limit`: the merchant's own limit of queries a minute.

    `by_limit`: the limit may have made the last pause, which does not count then.

    Raises:
        Failed: they are all the same. Unjudged: chance, or the limit, could have made them.
    """
    low = polite(limit)
    if low is not None and len(gaps) > IN_FLIGHT:
        if by_limit:
            gaps = gaps[:-1]
        elif gaps[-1] >= SAME * max(gaps[:-1]):
            return
    trend = trend_of_one(gaps)
    if trend is Trend.FIXED and low is not None:
        judge_limited(gaps, low, was_seen=not by_limit)
    if trend is Trend.FIXED:
        raise Failed(
            f"the pauses between status queries do not grow ({say_gaps([gaps])}); expected exponential backoff"
        )
    if trend is not Trend.GROWS:
        raise Unjudged(f"whether the pauses between status queries grow cannot be judged by {say_gaps([gaps])}")


def judge_limited(gaps: list[float], limit: float, *, was_seen: bool = True) -> None:
    """Leave even pauses open if the merchant's limit explains them. `was_seen`: another try would show the same.

    Raises:
        Unjudged: its limit makes them even, so its own pauses were not seen.
    """
    if min(gaps) >= OWN_PACE * 60.0 / limit:
        raise Unjudged(
            f"the pauses between status queries are even ({say_gaps([gaps])}), as the merchant's own limit of "
            f"{limit:g} queries a minute makes them, so whether they would grow was not seen",
            certain=was_seen and max(gaps) <= spacing_s(limit) / OWN_PACE,
        )


def judge_too_few(context: CheckContext, payment: Payment, queries: list[Entry]) -> None:
    """Judge a payment for which too few queries came.

    Raises:
        Failed: the merchant decided. Missing: it stopped asking.
        Unjudged: its next query may still come, or its own limit left it none.
    """
    state = context.observations.status(payment).state
    gaps = gaps_s(queries)
    asked = f"{len(queries)} status {'query' if len(queries) == 1 else 'queries'}"
    if state in (FAILED, PAID):
        raise Failed(f"after {asked} that said in flight the payment became {state.value}; expected more queries")
    low = polite(context.run.queries_per_minute) if state is REVIEW and len(gaps) >= 2 else None
    if low is not None and max(gaps) <= SAME * min(gaps):
        judge_limited(gaps, low)
    if len(gaps) >= 2 and gaps[-1] > gaps[0]:
        tail = "a person took over" if state is REVIEW else "the next query did not come before this check had to end"
        raise Unjudged(f"the pauses grow ({say_gaps([gaps])}), but {tail}, so the end was not seen")
    if low is not None:
        judge_limited(gaps, low)
    raise Missing(
        f"{asked} came for a payment that was still in flight, and then none within {PATIENCE_S:.0f} s; "
        "expected queries with growing pauses until its result is known"
    )
