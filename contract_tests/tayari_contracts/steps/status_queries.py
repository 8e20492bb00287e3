"""Status queries: how a merchant asks Daraja about payments whose callback never comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from tayari_money.daraja_records import unplayed_calls

from tayari_contracts.context.actions import Fault, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import QUEUE_MOST_S, is_quiet, polite
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import FAILED, PAID, Entry, Payment

REACTION_S = 3.0
"""A merchant shows what it made of an answer within this time."""

CAUSED_WITHIN_S = 1.0
"""A query that a look at the payment's page causes comes within this time."""
SELDOM = 0.05
"""A probability below this is no explanation."""

LOOK_EVERY_S = 0.4

READ_EVERY_S = 2.0
"""Seconds between two looks at the customer's page while a check waits for a query, as of a page that reloads."""


def unanswered(
    name: str, *faults: Fault, result_code: int | str = 0, after_s: float = 1.0, **keys: Any
) -> dict[str, Any]:
    """The content of a scenario file for a payment with a result that no callback reports."""
    return situation(name, *faults, outcome=after(after_s, result_code=result_code, callback=False), **keys)


def on_query(name: str, /, **parameters: Any) -> Fault:
    """The fault `name` for the first status query, with these parameters."""
    return {name: {"on": "stk_query", **parameters}}


def await_earlier_queries(context: CheckContext) -> bool:
    """Wait a while for the queries of earlier payments, if the merchant limits its queries.

    Returns whether it is known that none is waiting.
    """
    limit = polite(context.run.queries_per_minute)
    return limit is not None and context.time.until(
        lambda: is_quiet(times_of(context.journal.entries(since=1, endpoint="stk_query", kind="request")), limit),
        within_s=QUEUE_MOST_S,
    )


def shows_silence(context: CheckContext, payment: Payment, sentence: str, *, began: float) -> bool:
    """Whether this payment, for which no query came in time, shows that the merchant never asks; all checks use that.

    It does not if the wait was cut short, if this machine or the merchant was in trouble since `began` (monotonic
    clock), or if the merchant asked about any payment of this run.
    """
    overload = context.run.overload
    in_trouble = overload.watch.since(began) or overload.in_trouble_since(began)
    is_down = context.environment.merchant_alive() is False
    if context.journal.has_queries() or in_trouble or is_down or not context.time.remains:
        return False
    return context.run.silence.learn(sentence, payment)


def asked_elsewhere(context: CheckContext, payment: Payment) -> str:
    """The end of a reason: calls since the payment began that no API here has, as a query may be one; else empty."""
    calls = unplayed_calls(context.journal.entries(since=payment.since, kind="request"))
    return f" (meanwhile the merchant called {'; '.join(calls)})" if calls else ""


def first_query(context: CheckContext, payment: Payment) -> None:
    """Wait until the merchant has asked about the payment.

    Raises:
        Untested: it never asked within the time in which it promises to settle, so no answer could be judged.
    """
    if _query_seen(context, payment):
        context.run.silence.note_query()
    else:
        never = not context.journal.has_queries()
        raise Untested(
            f"no status query came within {context.time.reconcile_s:g} s for a payment without callback"
            f"{asked_elsewhere(context, payment)}, so none was answered",
            certain=never,
        )


def _query_seen(context: CheckContext, payment: Payment) -> bool:
    """Whether a query came in time. The payment's state is read meanwhile: some merchants ask when it is read."""
    if not context.profile.shows_state:
        return context.observations.wait("query_seen", payment, within_s=context.time.patience_s)
    end = time.monotonic() + context.time.patience_s
    while time.monotonic() < end and context.time.remains and not context.run.silence.found:
        if context.observations.wait("query_seen", payment, within_s=READ_EVERY_S):
            return True
        context.observations.refresh(payment)
    return context.observations.wait("query_seen", payment, within_s=0.0)


def expect_undecided(context: CheckContext, payment: Payment, *, because: str) -> None:
    """Expect that the first answer decided nothing: the payment is not failed, nor paid before a second answer.

    Raises:
        Failed: it is. Untested: no query came.
    """
    first_query(context, payment)
    view = context.observations.until(payment, FAILED, PAID, within_s=REACTION_S)
    if view.state is FAILED:
        raise Failed(f"the payment became failed, although its money may have been taken: {because}")
    if view.state is PAID and len(context.journal.queries(payment)) < 2:
        raise Failed(f"the payment became paid on that answer alone: {because}")


def queries_until(
    context: CheckContext, payment: Payment, done: Callable[[list[Entry]], bool], *, within_s: float
) -> list[Entry]:
    """The status queries of a payment, once `done` returns true for them, or time is up.

    The payment's state is read with growing pauses meanwhile: some merchants ask when it is read.
    """
    end, pause_s = time.monotonic() + within_s, READ_EVERY_S
    reads_at = time.monotonic() + pause_s
    while True:
        if context.profile.shows_state and time.monotonic() >= reads_at:
            context.observations.refresh(payment)
            pause_s *= 2
            reads_at = time.monotonic() + pause_s
        queries = context.journal.queries(payment)
        if done(queries) or time.monotonic() >= end or context.run.silence.found:
            return queries
        context.time.pause(LOOK_EVERY_S)


def asks_only_when_read(context: CheckContext, payment: Payment, queries: list[Entry]) -> bool:
    """Whether each of these queries came right after a look at the payment's state, which caused it."""
    looks_s = [look.began for look in context.run.observations(payment.reference)]
    return caused_by_looks(looks_s, times_of(queries))


def caused_by_looks(looks_s: Sequence[float], queries_s: Sequence[float]) -> bool:
    """Whether looks caused all of these queries: each follows a look at once, and that would seldom be chance.

    With many looks, most moments follow one by chance. Times are epoch seconds.
    """
    if not looks_s or not queries_s:
        return False
    if not all(any(0.0 <= at - look <= CAUSED_WITHIN_S for look in looks_s) for at in queries_s):
        return False
    begins, end = sorted(looks_s), max(*looks_s, *queries_s) + CAUSED_WITHIN_S
    covered_s = sum(min(CAUSED_WITHIN_S, after - look) for look, after in pairwise([*begins, end]))
    chance: float = (covered_s / (end - begins[0])) ** len(queries_s)
    return chance < SELDOM


def times_of(entries: list[Entry]) -> list[float]:
    """When each call came, epoch seconds."""
    return [float(entry["at"]) for entry in entries]
