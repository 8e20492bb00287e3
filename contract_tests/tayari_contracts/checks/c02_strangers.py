"""C02: unknown, late and repeated callbacks are answered 200, and change nothing."""

from __future__ import annotations

from typing import Any

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import FAILED, PAID, REVIEW, Probe

STRANGER = {
    "Body.stkCallback.CheckoutRequestID": "ws_CO_0101202600000001700000000",
    "Body.stkCallback.MerchantRequestID": "0000-4000-8000-00000000000000000001",
}
"""Ids of the right form that no payment has."""


@check("C02")
def strangers_are_answered_and_ignored(probe: Probe) -> None:
    """A finished payment and a failed one; then, for each, a callback too many, and one that nobody knows."""
    paid = probe.pay_accepted(situation("inline/c02-paid", outcome=after(0.5)))
    failed = probe.pay_accepted(situation("inline/c02-failed", outcome=after(0.5, result_code=1032)))
    probe.paid_first(paid)
    probe.until(failed, (FAILED, REVIEW), within_s=probe.settled_s)

    judge(probe.send_callback(paid, set=STRANGER), "a callback with an unknown CheckoutRequestID")
    judge(probe.send_callback(paid), "a late repetition of a success")
    judge(probe.send_callback(failed), "a late repetition of a failure")

    probe.quiet(1.0)
    probe.after_the_queue(paid)
    expect_unchanged(probe, paid, failed)
    probe.notes.append("looked at after the callbacks: one finished payment and one failed one, no others")


def judge(answers: list[dict[str, Any]], what: str) -> None:
    """Hold every answer to 200.

    Raises:
        Failed: any other answer.
    """
    for answer in answers:
        status = answer.get("status")
        if status is None:
            raise Failed(f"{what} got no answer ({answer.get('error')}); expected 200")
        if not 200 <= status < 300:
            raise Failed(f"{what} was answered {status}; expected 200")


def expect_unchanged(probe: Probe, paid: Payment, failed: Payment) -> None:
    """Paid stays paid, failed stays failed, and nobody is credited again."""
    probe.expect_state(paid, PAID, within_s=0.0, because="a callback that should have been ignored changed it")
    probe.expect_never(failed, PAID, for_s=0.0, because="a callback that should have been ignored paid it")
    if probe.sees_credits:
        probe.expect_credits(paid, 1, quiet_s=0.5, because="a callback that should have been ignored was credited")
        probe.expect_credits(failed, 0, quiet_s=0.0, because="the payment failed")
