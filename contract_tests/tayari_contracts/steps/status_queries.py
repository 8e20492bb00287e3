"""How a merchant asks Daraja about payments whose callback never comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.inline_scenarios import Fault, after, situation
from tayari_contracts.context.merchant_profile import GRACE_S
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.probe import FAILED, PAID, Probe

REACTION_S = 3.0
"""A merchant shows what it made of an answer within this time."""

CAUSED_WITHIN_S = 1.0

LOOK_EVERY_S = 0.4

READ_EVERY_S = 2.0
"""So often the customer's page is read while a query is waited for: as a page that reloads itself does."""


def unanswered(
    name: str, *faults: Fault, result_code: int | str = 0, after_s: float = 1.0, **keys: Any
) -> dict[str, Any]:
    """A payment with a result that no callback tells."""
    return situation(name, *faults, outcome=after(after_s, result_code=result_code, callback=False), **keys)


def on_query(name: str, /, **parameters: Any) -> Fault:
    """A fault on the first status query."""
    return {name: {"on": "stk_query", **parameters}}


def patience_s(probe: Probe) -> float:
    """How long a payment without callback may stay unsettled."""
    return probe.reconcile_s + GRACE_S + probe.queue_s


def first_query(probe: Probe, payment: Payment) -> None:
    """Wait until the merchant has asked about the payment.

    Raises:
        Untested: it never asked within the time in which it promises to settle, so no answer could be judged.
    """
    if not _query_seen(probe, payment):
        never = not probe.sight.entries(since=1, endpoint="stk_query", kind="request", limit=1)
        raise Untested(
            f"no status query came within {probe.reconcile_s:g} s for a payment without callback; none was answered",
            certain=never,
        )


def _query_seen(probe: Probe, payment: Payment) -> bool:
    """Whether a query came in time. The payment's state is read meanwhile, for some merchants ask when it is read."""
    if not probe.sees_state:
        return probe.wait("query_seen", payment, within_s=patience_s(probe))
    end = time.monotonic() + patience_s(probe)
    while time.monotonic() < end and probe.has_time:
        probe.read_and_refresh(payment)
        if probe.wait("query_seen", payment, within_s=READ_EVERY_S):
            return True
    return False


def expect_undecided(probe: Probe, payment: Payment, *, because: str) -> None:
    """The first answer decided nothing: not failed afterwards, and not paid before a second one was heard."""
    first_query(probe, payment)
    view = probe.until(payment, (FAILED, PAID), within_s=REACTION_S)
    if view.state is FAILED:
        raise Failed(f"the payment became failed, although its money may have been taken: {because}")
    if view.state is PAID and len(probe.sight.queries(payment)) < 2:
        raise Failed(f"the payment became paid on that answer alone: {because}")


def queries_until(
    probe: Probe, payment: Payment, done: Callable[[list[Entry]], bool], *, within_s: float
) -> list[Entry]:
    """The status queries of a payment, once `done` says so of them, or time is up.

    The payment's state is read now and then, with growing pauses, for some merchants ask when it is read.
    """
    end, pause_s = time.monotonic() + within_s, READ_EVERY_S
    reads_at = time.monotonic() + pause_s
    while True:
        if probe.sees_state and time.monotonic() >= reads_at:
            probe.read_and_refresh(payment)
            pause_s *= 2
            reads_at = time.monotonic() + pause_s
        queries = probe.sight.queries(payment)
        if done(queries) or time.monotonic() >= end:
            return queries
        probe.quiet(LOOK_EVERY_S)


def asks_only_when_read(probe: Probe, payment: Payment, queries: list[Entry]) -> bool:
    """Whether each of these queries came right after a look at the payment's state, so that the looks caused them."""
    looks = probe.book.looks(payment.reference)
    return bool(queries) and all(
        any(0.0 <= at - look.began <= CAUSED_WITHIN_S for look in looks) for at in times_of(queries)
    )


def times_of(entries: list[Entry]) -> list[float]:
    """When each call came, epoch seconds."""
    return [float(entry["at"]) for entry in entries]
