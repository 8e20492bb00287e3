"""D01: an order that is paid from several tabs at once gets one prompt."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, times
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.pushes import calm_pushes, first_push, start_at_once

TABS: Final = 4
OPEN_S: Final = 3.0
"""Seconds until the customer answers the prompt."""
AGAIN_S: Final = 2.0
"""If a paid order is prompted again, the push comes within this time."""


@check("D01")
def tabs_share_one_prompt(context: CheckContext) -> None:
    """Four tabs show one order; each sends its own request, with its own idempotency key, at the same moment."""
    context.profile.require_one_order()
    taken = start_at_once(context, requests=TABS, open_s=OPEN_S)
    first_push(context, taken)
    pushes = calm_pushes(context, taken, calm_s=1.2, within_s=4.0)
    if len(pushes) > 1:
        raise Failed(f"one order, paid from {TABS} tabs at once, was pushed {times(len(pushes))}; expected one prompt")
    if context.profile.shows_state:
        context.expectations.paid_once(
            taken, within_s=OPEN_S + context.time.settled_s, because="the customer paid the one prompt"
        )
        _expect_no_second_charge(context, taken)


def _expect_no_second_charge(context: CheckContext, paid: Payment) -> None:
    """Expect no further prompt when a paid order is started once more, as by an open tab.

    Raises:
        Warned: there is one.
    """
    again = situation("inline/d01-paid-already", outcome=after(0.5, result_code=1032))
    context.actions.pay(again, msisdn=paid.msisdn, amount=paid.amount, reference=paid.reference)
    pushes = calm_pushes(context, paid, calm_s=AGAIN_S, within_s=2 * AGAIN_S)
    if len(pushes) > 1:
        raise Warned("an order that was paid was started once more, and its customer was prompted; expected no prompt")
