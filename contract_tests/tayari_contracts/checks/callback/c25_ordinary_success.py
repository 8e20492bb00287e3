"""C25: an ordinary success is settled."""

from __future__ import annotations

import time
from typing import Final

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Unjudged, credits_not_countable, key_missing
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.control_payments import judge_control

SECOND_S: Final = 2.0
"""Seconds until the second instalment is paid: before that its account's credits are read."""
SLOWER: Final = 2.0
"""Its start may take so many times as long as that of the first."""


@check("C25")
def an_ordinary_success_is_settled(context: CheckContext) -> None:
    """One payment is reported by its callback as M-Pesa sends it today. It is the control of the other rules.

    If payments go into an account, the same amount is paid once more: a second instalment with a receipt of its own.
    """
    judge_control(context, Control.SUCCESS)
    if "top_up" in context.target.merchant.capabilities and "reference" in context.profile.receives:
        judge_second_instalment(context)


def judge_second_instalment(context: CheckContext) -> None:
    """Expect that two payments of one amount into one account, one after the other, are both credited.

    Raises:
        Missing: the second payment is not paid, or not credited. Untested: it cannot be seen whether it is.
    """
    shows_credits = context.profile.shows_credits
    began = time.monotonic()
    first = context.actions.pay_accepted(situation("inline/c25-instalment", outcome=after(0.5)))
    second_s = SECOND_S + SLOWER * (time.monotonic() - began)
    context.expectations.require_paid(first)
    if shows_credits:
        context.time.until(lambda: context.observations.credits(first).count, within_s=context.time.patience_s)
    try:
        second = context.actions.pay_accepted(
            situation("inline/c25-second-instalment", outcome=after(second_s)),
            amount=int(first.amount), reference=first.reference,
        )  # fmt: skip
        before = credited_before(context, second) if shows_credits else 0
    finally:  # a push that Daraja accepts too late for this check is a second payment all the same
        context.run.leave_out(first.reference)
    because = "the same amount was paid into one account again, by somebody else and under another receipt"
    context.expectations.state(second, PAID, within_s=context.time.settled_s, because=because)
    if not shows_credits:
        if first.started.payment_id == second.started.payment_id:
            raise key_missing(
                "both instalments of an account have one identifier, which was paid before the second; whether that "
                "was credited could not be seen",
                "merchant.ledger",
            )
        return
    if before and not context.observations.credits(second).can_show_more:
        raise credits_not_countable("the credit of a second instalment")
    context.time.until(lambda: context.observations.credits(second).count > before, within_s=context.time.patience_s)
    if context.observations.credits(second).count <= before:
        raise Missing(
            f"{because}; it is shown as paid, and only the first of the two payments was credited; expected both"
        )


def credited_before(context: CheckContext, second: Payment) -> int:
    """How many credits are read for the second instalment before it is paid: those of the whole account, or none.

    So it does not matter whether the target file reads the credits of a payment, or those of its account.

    Raises:
        Unjudged: it was paid before they could be read, so it is not known which of them are its own.
    """
    try:
        before = context.observations.credits(second).count
    except Unjudged:
        before = 0  # a payment that has none yet may have no page for them
    if context.journal.record(second).get("state") == "paid":
        raise Unjudged("the second instalment was paid before the credits of its account could be read")
    return before
