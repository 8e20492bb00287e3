"""S18: an order whose payment failed can be paid again."""

from __future__ import annotations

import contextlib
import re
from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, quote, say
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import FAILED, REVIEW, Payment
from tayari_contracts.steps.pushes import taken_pushes

APART_S: Final = 1.5
"""Seconds after which the second push is not taken for a repetition of the first."""

LATER: Final = re.compile(r"\bwait\b|minute|moment|later|subiri|dakika|baadaye", re.IGNORECASE)
"""Words with which a merchant asks to wait, as Daraja limits equal payments (reference 4, code 17)."""

CANCELLED: Final = 1032
ENDS: Final = {
    CANCELLED: "a cancelled order",
    1: "an order for which the balance was too low (1)",
    2001: "an order for which the PIN was wrong (2001)",
}
"""Result codes of the first try, with its order in words. Many programs allow a second try after some codes only."""


@check("S18")
def a_failed_order_can_be_paid(context: CheckContext) -> None:
    """Orders whose payment failed, with several codes, are started again; this time their customers pay."""
    context.profile.require_one_order(by_retry=True)
    played = {code: context.actions.in_background(partial(_pay_twice, context, code)) for code in ENDS}
    for code, future in played.items():
        with contextlib.suppress(*([] if code == CANCELLED else [Untested])):
            future.result()


def _pay_twice(context: CheckContext, code: int) -> None:
    """Let the first try of an order fail with this code, and expect that the second one pays.

    Raises:
        Failed, Missing: it does not. Unjudged: it was put off. Untested: the first try did not end as failed.
    """
    order = ENDS[code]
    ended = situation(f"inline/s18-{code}", outcome=after(0.5, result_code=code))
    first = context.actions.pay_accepted(ended)
    view = context.observations.until(first, FAILED, REVIEW, within_s=context.time.settled_s)
    if view.state is not FAILED:
        raise Untested(f"the payment of {order} is {say(view)}; only a failed one can be paid again")
    context.time.pause(APART_S)
    again = context.actions.pay_again(first, situation("inline/s18-again", outcome=after(0.5)))
    if crash := crash_of(again.started):
        raise Failed(f"the second try to pay {order}: {crash}; expected a new prompt")
    if not taken_pushes(context, again):
        raise _no_push(context, again, order)
    context.expectations.paid_once(
        again, within_s=context.time.settled_s, because=f"its customer paid {order} at the second try"
    )


def _no_push(context: CheckContext, again: Payment, order: str) -> Failed | Unjudged:
    """The finding for a second try without a push; it is left open if the customer was asked to wait."""
    message = context.observations.messages(again)
    if LATER.search(message):
        return Unjudged(
            f"the second try was put off ({quote(message)}), so it was not seen whether the order can be paid"
        )
    text = f"the merchant answered {again.started.status} and told the customer {quote(message)}"
    return Failed(f"the second try to pay {order} sent no push: {text}; expected a new prompt")
