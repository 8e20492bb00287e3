"""S08: AccountReference and TransactionDesc keep Daraja's limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.steps.pushes import first_push, taken_pushes

LIMITS: Final = {"AccountReference": 12, "TransactionDesc": 13}
"""The most characters of each field. Source: reference 3.1."""
SWALLOWED: Final = frozenset("&#@")
"""Characters of free-text fields with which pushes were seen to vanish (reference 3.1, quirks)."""


@check("S08")
def keeps_text_within_limits(context: CheckContext) -> None:
    """One order is ordinary, and another one has a long name and the three characters."""
    problem = text_problem(body_of(first_push(context, context.actions.pay())))
    if problem:
        raise Failed(problem)
    if "reference" not in context.profile.receives:
        context.evidence.notes.append("the merchant gets no reference, so a long one could not be tried")
        return
    payment = context.actions.pay(reference=f"{context.allocation.reference()} Sons & Co #42 @ Nairobi")
    pushes = taken_pushes(context, payment)
    crash = crash_of(payment.started)
    if not pushes and crash:
        raise Failed(f"an order with a long name and the characters & # @: {crash}")
    problem = text_problem(body_of(pushes[0])) if pushes else ""
    if problem:
        raise Failed(f"an order with a long name and the characters & # @: {problem}")


def text_problem(body: Mapping[str, object]) -> str:
    """What is wrong with the free-text fields of a push; empty when nothing is."""
    for field, limit in LIMITS.items():
        text = "" if body.get(field) is None else str(body[field])
        if not text.strip():
            return f"{field} is {'missing' if field not in body else 'empty'}; Daraja wants 1 to {limit} characters"
        if len(text) > limit:
            return f"{field} {text!r} has {len(text)} characters; Daraja's documentation allows {limit}"
        if bad := sorted(SWALLOWED & set(text)):
            return f"{field} {text!r} holds {' '.join(bad)}, with which pushes were seen to vanish"
    return ""
