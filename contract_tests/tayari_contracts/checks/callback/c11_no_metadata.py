"""C11: an ordinary failure, which has no CallbackMetadata, ends its payment."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import FAILED, REVIEW
from tayari_contracts.steps.control_payments import judge_control

CODES = (1, 2001)
NOBODY_ANSWERED = 1037
"""A merchant may leave such a payment open, because its success may follow: rule C19."""


@check("C11")
def failures_without_metadata_are_handled(context: CheckContext) -> None:
    """Ordinary failures come without the key CallbackMetadata. The first is the control of other rules."""
    judge_control(context, Control.FAILURE)
    unanswered = context.actions.pay_accepted(
        situation("inline/c11-nobody", outcome=after(0.5, result_code=NOBODY_ANSWERED))
    )
    payments = {
        code: context.actions.pay_accepted(situation("inline/c11-failure", outcome=after(0.5, result_code=code)))
        for code in CODES
    }
    for code, payment in payments.items():
        context.expectations.callback_taken(payment)
        because = f"the callback said {code}, without CallbackMetadata"
        context.expectations.state(payment, FAILED, REVIEW, within_s=context.time.settled_s, because=because)
        context.expectations.unpaid(payment, for_s=0.0, because=because)
    context.expectations.callback_taken(unanswered)
    because = f"the callback said {NOBODY_ANSWERED}, which is no success"
    context.expectations.unpaid(unanswered, for_s=0.0, because=because)
