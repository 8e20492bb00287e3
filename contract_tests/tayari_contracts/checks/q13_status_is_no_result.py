"""Q13: the ResultCode of a query decides, not its HTTP status."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.probe import Probe
from tayari_contracts.steps.control_payments import judge_control


@check("Q13")
def a_query_that_is_answered_is_no_payment(probe: Probe) -> None:
    """No callback; queries say in flight, then cancelled; the other rules stand on the same payment."""
    judge_control(probe, Control.QUERY)
