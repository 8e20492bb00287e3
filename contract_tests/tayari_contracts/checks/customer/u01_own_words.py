"""U01: each common failure has its own plain message."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import TOPICS, is_raw, problems_of

DISTINCT = 6
"""The fewest different texts: 1019, 1025 and 1037 may share one that fits all three."""


@check("U01")
def each_failure_has_its_own_words(context: CheckContext) -> None:
    """One payment for each common code; each message is compared with its topic, and with the other messages."""
    payments = {
        code: context.actions.pay_accepted(situation("inline/u01-failure", outcome=after(0.5, result_code=code)))
        for code in TOPICS
    }
    texts: dict[int, str] = {}
    problems: list[str] = []
    for code, payment in payments.items():
        texts[code] = context.observations.last_message(payment, TOPICS[code])
        sent = str(context.journal.record(payment).get("result_desc") or "")
        problems += [f"{code}: {problem}" for problem in judge(texts[code], TOPICS[code], sent)]
    if len(set(texts.values())) < DISTINCT:
        problems.append(f"{len(TOPICS)} codes share {len(set(texts.values()))} texts; expected {DISTINCT} at least")
    if problems:
        raise Failed("; ".join(problems))


def judge(text: str, topic: str, sent: str) -> list[str]:
    """What is wrong with a message under its topic; `sent`: M-Pesa's own wording."""
    if is_raw(text, sent):
        return [f"the customer reads M-Pesa's raw text {quote(text, most=80)}"]
    return [f"{quote(text, most=80)} {problem}" for problem in problems_of(text, topic)[:1]]
