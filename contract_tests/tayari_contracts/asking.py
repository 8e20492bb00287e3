"""How a merchant asks Daraja about payments whose callback never comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tayari_contracts.findings import Failed, Untested
from tayari_contracts.payment import Entry, Payment
from tayari_contracts.probe import FAILED, PAID, Probe
from tayari_contracts.situations import Fault, after, situation

REACTION_S = 3.0
"""A merchant shows what it made of an answer within this time."""

GRACE_S = 2.0
"""Beyond the promised time: the result itself, and the look at the merchant."""

LOOK_EVERY_S = 0.4


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
    if not probe.wait("query_seen", payment, within_s=patience_s(probe)):
        never = not probe.sight.entries(since=1, endpoint="stk_query", kind="request", limit=1)
        raise Untested(
            f"no status query came within {probe.reconcile_s:g} s for a payment without callback; none was answered",
            certain=never,
        )


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
    """The status queries of a payment, once `done` says so of them, or time is up."""
    end = time.monotonic() + within_s
    while True:
        queries = probe.sight.queries(payment)
        if done(queries) or time.monotonic() >= end:
            return queries
        probe.quiet(LOOK_EVERY_S)


def times_of(entries: list[Entry]) -> list[float]:
    """When each call came, epoch seconds."""
    return [float(entry["at"]) for entry in entries]
