"""Q13: a status query pays by its ResultCode, never by its HTTP status."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.control_payments import judge_control


@check("Q13")
def a_query_that_is_answered_is_no_payment(context: CheckContext) -> None:
    """No callback comes; queries are answered "in flight", then "cancelled". It is the control of other rules."""
    judge_control(context, Control.QUERY)
