"""B16: an ordinary C2B payment is credited."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.control_payments import judge_control


@check("B16")
def an_ordinary_payment_is_credited(context: CheckContext) -> None:
    """One payment is reported by its confirmation. It is the control of the other rules about C2B."""
    judge_control(context, Control.C2B)
