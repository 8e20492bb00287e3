"""C23: ResultDesc never decides."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, quote, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW

WORDINGS: Final = (
    "DS timeout user cannot be reached",
    "DS timeout user cannot be reached.",
    "No response from user.",
    "[STK_CB - ]DS timeout.",
)
"""Texts of 1037 over the years. Source: reference 3.1."""


@check("C23")
def the_text_decides_nothing(context: CheckContext) -> None:
    """One payment ends with 1037 in each of its four wordings."""
    payments = {
        text: context.actions.pay_accepted(
            situation("inline/c23-wording", outcome={**after(0.5, result_code=1037), "result_desc": text})
        )
        for text in WORDINGS
    }
    ends: dict[str, str] = {}
    for text, payment in payments.items():
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=context.time.slow_queue_s)
        if view.state is PAID:
            raise Failed(f"1037 with the text {quote(text)} made the payment paid; expected failed, as the code says")
        ends[text] = say(view)
    open_still = [end for end in ends.values() if end not in {FAILED.value, REVIEW.value}]
    if len(open_still) == len(ends):
        raise Unjudged(f"1037 left the payments {open_still[0]} in each wording, so it was not seen what decides")
    if len(set(ends.values())) > 1:
        message = "; ".join(f"{quote(text)}: {end}" for text, end in ends.items())
        raise Failed(f"1037 ended differently with its wording ({message}); expected the code alone to decide")
