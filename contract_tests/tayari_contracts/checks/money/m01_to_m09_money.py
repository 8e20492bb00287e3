"""M01 to M09: what must be true of the money of a whole run, whatever the other checks tried in it."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.payouts import judge_payouts
from tayari_contracts.steps.reconciliation import judge
from tayari_contracts.steps.refunds import judge_refunds


@check("M01")
def each_receipt_credits_once(context: CheckContext) -> None:
    """No order has more credits than payments, and no receipt stands on two orders."""
    judge(context, "M01")


@check("M02")
def nothing_is_credited_without_proof(context: CheckContext) -> None:
    """Before every credit, and every "paid", there is a word of M-Pesa that says so."""
    judge(context, "M02")


@check("M03")
def final_states_stay(context: CheckContext) -> None:
    """Paid stays paid; failed stays failed, unless M-Pesa said afterwards that it is paid."""
    judge(context, "M03")


@check("M04")
def amounts_agree(context: CheckContext) -> None:
    """Ordered, asked for and credited are one amount."""
    judge(context, "M04")


@check("M05")
def every_paid_payment_is_settled(context: CheckContext) -> None:
    """Whoever paid is credited, or in a person's hands, when the run ends."""
    judge(context, "M05")


@check("M06")
def nothing_is_paid_out_twice(context: CheckContext) -> None:
    """Each payout of the run moved money once at most."""
    judge_payouts(context, "M06")


@check("M07")
def no_payout_is_paid_without_a_result(context: CheckContext) -> None:
    """Before every payout that is shown as paid there is a result that says so."""
    judge_payouts(context, "M07")


@check("M08")
def refunds_stay_within_the_payment(context: CheckContext) -> None:
    """What was given back of each payment of the run is at most what was paid."""
    judge_refunds(context, "M08")


@check("M09")
def a_queue_time_out_settles_nothing(context: CheckContext) -> None:
    """No payout of the run is called failed because M-Pesa was slow."""
    judge_payouts(context, "M09")
