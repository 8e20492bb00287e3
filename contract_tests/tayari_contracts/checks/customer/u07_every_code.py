"""U07: every other code of the catalogue is answered in the shop's own honest words."""

from __future__ import annotations

from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.message_topics import TOPICS, is_raw, machine_words, promises_in
from tayari_contracts.context.payment import FAILED, REVIEW, Payment

UNDECIDED: Final = frozenset({"ask first", "poll"})
"""Advice of the catalogue for codes after which it is not known whether money moved: nothing may be promised."""

MOST: Final = 20
"""The most codes that are played."""


@check("U07")
def every_code_has_honest_words(context: CheckContext) -> None:
    """One payment for each code of STK payments that U01 does not play."""
    rows = [row for row in context.control.codes() if _is_meant(row)][:MOST]
    if not rows:
        raise Untested("the catalogue of codes is empty")
    scenarios = [situation("inline/u07", outcome=after(0.5, result_code=row["code"])) for row in rows]
    payments = [context.actions.pay_accepted(each) for each in scenarios]
    context.expectations.status_after_queue(payments[-1])
    problems = [
        found for row, payment in zip(rows, payments, strict=True) if (found := _problem(context, payment, row))
    ]
    if problems:
        raise Failed(f"{'; '.join(problems[:4])}; expected one honest sentence in words of your own")


def _is_meant(row: dict[str, Any]) -> bool:
    """Whether a row is a code of STK payments with a text, other than success and those of U01."""
    return "stk" in row["apis"] and bool(row["text"]) and str(row["code"]) not in {"0", *map(str, TOPICS)}


def _problem(context: CheckContext, payment: Payment, row: dict[str, Any]) -> str:
    context.observations.wait("callback_answered", payment)
    view = context.observations.until(
        payment, FAILED, REVIEW, within_s=2.0 if context.profile.takes_callbacks else context.time.settled_s
    )
    text = context.observations.outcome_message(payment, view)
    sent = str(context.journal.record(payment).get("result_desc") or row["text"])
    if not text.strip():
        return f"{row['code']}: the customer is told nothing"
    if is_raw(text, sent):
        return f"{row['code']}: the customer reads M-Pesa's raw text {quote(text, most=80)}"
    if found := machine_words(text):
        return f"{row['code']}: the customer reads what machines say ({found[0]})"
    if row["retry"] in UNDECIDED and (promised := promises_in(text)):
        return f"{row['code']}: {quote(promised[0])} is a promise that nobody can make yet"
    return ""
