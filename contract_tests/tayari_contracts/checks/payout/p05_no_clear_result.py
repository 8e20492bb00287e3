"""P05: a payout without a clear result is not repeated blindly."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.control_payments import judge_control
from tayari_contracts.steps.payouts import expect_one_id, expect_results_taken, pay_out_sent, payout_situation


@check("P05")
def a_payout_without_result_is_not_repeated_blindly(context: CheckContext) -> None:
    """One payout gets no result, and another one gets the result 17, an internal failure."""
    unclear = pay_out_sent(context, payout_situation("inline/p05-unclear", outcome=after(0.5, result_code=17)))
    expect_results_taken(context, unclear)
    judge_control(context, Control.SILENT_PAYOUT)
    expect_one_id(context, unclear, "the result was 17, which does not say whether money moved")
