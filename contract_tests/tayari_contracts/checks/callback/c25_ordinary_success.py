"""C25: an ordinary success is settled."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, credits_not_countable, key_missing
from tayari_contracts.context.payment import PAID
from tayari_contracts.steps.control_payments import judge_control


@check("C25")
def an_ordinary_success_is_settled(context: CheckContext) -> None:
    """One payment, reported by its callback as M-Pesa sends it today; the other rules need the same payment.

    Into an account, the same amount is paid once more: a second instalment has a receipt of its own.
    """
    judge_control(context, Control.SUCCESS)
    if "top_up" in context.target.merchant.capabilities and "reference" in context.profile.receives:
        judge_second_instalment(context)


def judge_second_instalment(context: CheckContext) -> None:
    """Two customers pay one amount into one account, one after the other.

    Raises:
        Missing: the second payment is not paid, or not credited. Untested: it could not be seen whether it is.
    """
    succeeds = situation("inline/c25-instalment", outcome=after(0.5))
    first = context.actions.pay_accepted(succeeds)
    context.expectations.require_paid(first)
    before = context.observations.credits(first).count if context.profile.shows_credits else 0
    try:
        second = context.actions.pay_accepted(succeeds, amount=int(first.amount), reference=first.reference)
    finally:  # a push that Daraja accepts too late for this check is a second payment all the same
        context.run.leave_out(first.reference)
    because = "the same amount was paid into one account again, by somebody else and under another receipt"
    context.expectations.state(second, PAID, within_s=context.time.settled_s, because=because)
    is_one_page = first.started.payment_id == second.started.payment_id
    if not context.profile.shows_credits:
        if is_one_page:
            raise key_missing(
                "both instalments of an account have one identifier, which was paid before the second; whether that "
                "was credited could not be seen",
                "merchant.ledger",
            )
        return
    shares_credits = is_one_page or context.profile.shows_credits_of_reference
    if shares_credits and not context.observations.credits(second).can_show_more:
        raise credits_not_countable("the credit of a second instalment")
    due = before + 1 if shares_credits else 1
    context.time.until(lambda: context.observations.credits(second).count >= due, within_s=context.time.patience_s)
    if context.observations.credits(second).count < due:
        raise Missing(f"{because}; it is shown as paid, and only the first of the two payments was credited")
