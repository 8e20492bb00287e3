"""S13: the first prompt has its time before another is sent."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.pushes import calm_pushes, first_push

AGAIN_AT_S = 10.0
OPEN_S = 14.0


@check("S13")
def waits_for_the_first_prompt(context: CheckContext) -> None:
    """The customer takes 14 s to answer, and presses pay for the same order again after 10 s."""
    context.profile.require_one_order()
    first = context.actions.pay(situation("inline/payment-very-slow-customer", outcome=after(OPEN_S)))
    first_push(context, first)
    context.time.pause(AGAIN_AT_S)
    context.actions.pay(msisdn=first.msisdn, amount=first.amount, reference=first.reference)
    pushes = calm_pushes(context, first, calm_s=1.5, within_s=3.0)
    if len(pushes) > 1:
        raise Failed(
            f"a second prompt was sent {gaps_s(pushes)[0]:.0f} s after the first, which was still open; expected the "
            "payment under way to be shown until it is final, or a minute is over"
        )
