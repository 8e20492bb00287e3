"""S14: the same payment again within two minutes is put off, or its refusal (17) is explained."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, quote, say
from tayari_contracts.context.message_topics import is_raw, problems_of
from tayari_contracts.context.payment import FAILED, REVIEW
from tayari_contracts.context.run_record import CRASH

TOPIC = "try_later_two_minutes"


@check("S14")
def understands_the_two_minute_rule(context: CheckContext) -> None:
    """The customer cancels, and orders the same again at once; M-Pesa refuses that with 17."""
    first = context.actions.pay_accepted(situation("inline/s14-cancelled", outcome=after(0.5, result_code=1032)))
    ended = context.observations.until(first, FAILED, REVIEW, within_s=context.time.settled_s)
    if ended.state not in (FAILED, REVIEW):
        raise Untested("a cancelled payment never ended, so the customer could not try again")
    again = context.actions.pay(
        situation("inline/s14-again", outcome=after(0.5, result_code=17)), msisdn=first.msisdn, amount=first.amount
    )
    if again.started.status is None or again.started.status >= CRASH:
        raise Unjudged(f"the same payment again could not be started: {context.actions.describe_start(again)}")
    if not again.started.accepted:
        return  # the merchant puts it off by itself
    context.observations.wait("callback_answered", again)
    view = context.observations.until(again, FAILED, REVIEW, within_s=context.time.settled_s)
    if view.state not in (FAILED, REVIEW):
        raise Failed(f"M-Pesa refused the same payment as too soon (17), and it is {say(view)}; expected failed")
    text = context.observations.outcome_message(again)
    sent = str(context.journal.record(again).get("result_desc") or "")
    problems = ["shows M-Pesa's raw text"] if is_raw(text, sent) else problems_of(text, TOPIC)
    if problems:
        raise Failed(f"after 17 (the same again within two minutes) the customer was told {quote(text)}: {problems[0]}")
