"""S03: each call has a fresh Timestamp, queries too."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.pushes import first_push

APART_S = 1.3
STALE_S = 1.2
"""A query so many seconds after its push cannot have the push's Timestamp by chance."""


@check("S03")
def makes_a_timestamp_for_each_call(context: CheckContext) -> None:
    """Two pushes come more than a second apart, then a query for the second payment, whose callback never comes."""
    first = first_push(context, context.actions.pay())
    context.time.pause(APART_S)
    silent = context.actions.pay(situation("inline/query-no-callback", outcome=after(0.5, callback=False)))
    second = first_push(context, silent)
    if _timestamp(first) == _timestamp(second):
        apart_s = float(second["at"]) - float(first["at"])
        raise Failed(f"two pushes {apart_s:.1f} s apart carry the same Timestamp {_timestamp(first)}; expected two")
    if "stk_query" in context.target.merchant.capabilities:
        _judge_queries(context, silent, second)


def _judge_queries(context: CheckContext, payment: Payment, push: Entry) -> None:
    """Expect that a query which comes late enough has a Timestamp of its own.

    Raises:
        Warned: it repeats that of its push.
    """
    context.observations.wait("query_seen", payment, within_s=context.time.patience_s)

    def late_ones() -> list[Entry]:
        queries = context.journal.queries(payment)
        return [entry for entry in queries if float(entry["at"]) - float(push["at"]) >= STALE_S]

    late = context.time.until(late_ones, within_s=STALE_S)
    stale = [entry for entry in late if _timestamp(entry) == _timestamp(push)]
    if stale:
        raise Warned(f"the status query repeats the Timestamp {_timestamp(push)} of its push; expected one of its own")
    if not late:
        context.evidence.notes.append(
            "the Timestamps of the pushes are fresh; no status query came late enough to judge"
        )


def _timestamp(entry: Entry) -> str:
    return str(body_of(entry).get("Timestamp"))
