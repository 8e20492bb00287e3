"""C02: unknown, late and repeated callbacks are answered 200, and change nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.forged_callback import EAT, invented_receipt

STRANGER = {
    "Body.stkCallback.CheckoutRequestID": "ws_CO_0101202600000001700000000",
    "Body.stkCallback.MerchantRequestID": "0000-4000-8000-00000000000000000001",
}
"""Ids of the right form that no payment has."""

RECEIPT: Final = f"{ITEM}[MpesaReceiptNumber].Value"
PHONE: Final = f"{ITEM}[PhoneNumber].Value"
OPEN_S: Final = 6.0
"""Seconds for which an order stays open. Its customer cancels it then, so it is never rightly paid."""


@check("C02")
def strangers_are_answered_and_ignored(context: CheckContext) -> None:
    """Callbacks come for unknown payments, and once more for a paid and a failed one.

    A success that names no known payment comes while an order of the same amount is open. It does not pay that order.
    """
    paid = context.actions.pay_accepted(situation("inline/c02-paid", outcome=after(0.5)))
    failed = context.actions.pay_accepted(situation("inline/c02-failed", outcome=after(0.5, result_code=1032)))
    context.expectations.require_paid(paid)
    context.observations.until(failed, FAILED, REVIEW, within_s=context.time.settled_s)
    waiting = context.actions.pay_accepted(
        situation("inline/c02-open", outcome=after(OPEN_S, result_code=1032)), amount=int(paid.amount)
    )
    unknown = {**STRANGER, RECEIPT: invented_receipt(datetime.now(UTC) + EAT), PHONE: int(waiting.msisdn)}

    judge(context.actions.send_callback(paid, set=unknown), "a success with an unknown CheckoutRequestID")
    judge(context.actions.send_callback(paid, set=STRANGER), "a callback with an unknown CheckoutRequestID")
    context.expectations.credits(paid, 1, quiet_s=1.0, because="a callback that names an unknown payment came")
    judge(context.actions.send_callback(paid), "a late repetition of a success")
    judge(context.actions.send_callback(failed), "a late repetition of a failure")

    context.time.pause(1.0)
    context.expectations.status_after_queue(paid)
    expect_unchanged(context, paid, failed)
    context.expectations.unpaid(
        waiting, for_s=0.0, because="a success came that names a CheckoutRequestID which the merchant does not know"
    )
    context.evidence.notes.append(
        "looked at after the callbacks: one finished payment, a failed and an open one, no others"
    )


def judge(answers: list[dict[str, Any]], what: str) -> None:
    """Expect 200 (or another 2xx) as every answer. `what`: the callback in words.

    Raises:
        Failed: an answer is another one, or missing.
    """
    for answer in answers:
        status = answer.get("status")
        if status is None:
            raise Failed(f"{what} got no answer ({answer.get('error')}); expected 200")
        if not 200 <= status < 300:
            raise Failed(f"{what} was answered {status}; expected 200")


def expect_unchanged(context: CheckContext, paid: Payment, failed: Payment) -> None:
    """Expect that paid stays paid, failed stays failed, and nobody is credited again."""
    context.expectations.state(paid, PAID, within_s=0.0, because="a callback that should have been ignored changed it")
    context.expectations.never(failed, PAID, for_s=0.0, because="a callback that should have been ignored paid it")
    context.expectations.credits(paid, 1, quiet_s=0.5, because="its success came again, late (C03 has more of that)")
    context.expectations.credits(failed, 0, quiet_s=0.0, because="the payment failed")
