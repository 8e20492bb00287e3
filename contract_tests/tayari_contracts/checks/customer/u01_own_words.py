"""U01: each common failure has its own plain message."""

from __future__ import annotations

import time
from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.customer_messages import is_raw, problems_of
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import SETTLED, Payment

TOPICS: Final = {
    1: "insufficient_funds",
    17: "try_later_two_minutes",
    1001: "subscriber_busy",
    1019: "expired",
    1025: "push_failed",
    1032: "cancelled",
    1037: "no_answer",
    2001: "wrong_pin",
    8006: "pin_locked",
}
"""The codes that customers meet most. Source: rule U01 and reference 4."""

DISTINCT = 6
"""1019, 1025 and 1037 may share a text that fits all three; one text for all says nothing."""

OFTEN_S = 0.25


@check("U01")
def each_failure_has_its_own_words(context: CheckContext) -> None:
    """One payment for each code; every text is held to its topic, and to the others."""
    payments = {
        code: context.actions.pay_accepted(situation("inline/u01-failure", outcome=after(0.5, result_code=code)))
        for code in TOPICS
    }
    texts: dict[int, str] = {}
    problems: list[str] = []
    for code, payment in payments.items():
        texts[code] = text_of(context, payment, TOPICS[code])
        sent = str(context.journal.record(payment).get("result_desc") or "")
        problems += [f"{code}: {problem}" for problem in judge(texts[code], TOPICS[code], sent)]
    if len(set(texts.values())) < DISTINCT:
        problems.append(f"{len(TOPICS)} codes share {len(set(texts.values()))} texts")
    if problems:
        raise Failed("; ".join(problems))


def text_of(context: CheckContext, payment: Payment, topic: str) -> str:
    """What the customer reads at last: the first text that fits, else the one of a look after the payment was settled.

    Text and state are of one look: between two, the payment may have left pending.
    """
    context.observations.wait("callback_answered", payment)
    last_look_at = payment.began_at + context.time.slow_queue_s
    while True:
        view = context.observations.status(payment)
        text = context.observations.outcome_message(payment, view)
        if not problems_of(text, topic):
            return text
        if view.state in SETTLED or time.time() >= last_look_at or not context.time.remains:
            break
        context.time.pause(OFTEN_S)
    context.time.pause(OFTEN_S)
    return context.observations.outcome_message(payment)


def judge(text: str, topic: str, sent: str) -> list[str]:
    """What is wrong with a text in its situation; `sent` is M-Pesa's own wording."""
    if is_raw(text, sent):
        return [f"the customer reads M-Pesa's raw text {quote(text, most=80)}"]
    return [f"{quote(text, most=80)} {problem}" for problem in problems_of(text, topic)[:1]]
