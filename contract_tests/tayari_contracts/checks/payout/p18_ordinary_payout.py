"""P18: an ordinary payout ends as its result says."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.control_payments import judge_control


@check("P18")
def an_ordinary_payout_ends_as_its_result_says(context: CheckContext) -> None:
    """A payout that succeeds, and one that fails; the other rules of payouts stand on the same two."""
    judge_control(context, Control.PAYOUT)
