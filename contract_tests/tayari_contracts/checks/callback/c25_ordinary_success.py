"""C25: an ordinary success is settled."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.control_payments import judge_control


@check("C25")
def an_ordinary_success_is_settled(context: CheckContext) -> None:
    """One payment, reported by its callback as M-Pesa sends it today; the other rules need the same payment."""
    judge_control(context, Control.SUCCESS)
