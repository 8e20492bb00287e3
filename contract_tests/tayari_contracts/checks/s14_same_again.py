"""S14: the same amount from the same phone within two minutes is waited for, or its refusal (17) is understood."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.customer_messages import is_raw, problems_of
from tayari_contracts.context.findings import Failed, Unjudged, Untested, quote, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import FAILED, REVIEW, Probe

TOPIC = "try_later_two_minutes"
CRASH = 500


@check("S14")
def understands_the_two_minute_rule(probe: Probe) -> None:
    """The customer cancels, and orders the same again at once; M-Pesa refuses that with 17."""
    first = probe.pay_accepted(situation("inline/s14-cancelled", outcome=after(0.5, result_code=1032)))
    if probe.until(first, (FAILED, REVIEW), within_s=probe.settled_s).state not in (FAILED, REVIEW):
        raise Untested("a cancelled payment never ended, so the customer could not try again")
    again = probe.pay(
        situation("inline/s14-again", outcome=after(0.5, result_code=17)), msisdn=first.msisdn, amount=first.amount
    )
    if again.started.status is None or again.started.status >= CRASH:
        raise Unjudged(f"the same payment again could not be started: {probe.describe(again)}")
    if not again.started.accepted:
        return  # the merchant waits by itself, and has told its customer something
    probe.wait("callback_answered", again)
    view = probe.until(again, (FAILED, REVIEW), within_s=probe.settled_s)
    if view.state not in (FAILED, REVIEW):
        raise Failed(f"M-Pesa refused the same payment as too soon (17), and it is {say(view)}; expected failed")
    text, sent = probe.told_of_outcome(again), str(probe.sight.record(again).get("result_desc") or "")
    problems = ["shows M-Pesa's raw text"] if is_raw(text, sent) else problems_of(text, TOPIC)
    if problems:
        raise Failed(f"after 17 (the same again within two minutes) the customer was told {quote(text)}: {problems[0]}")
