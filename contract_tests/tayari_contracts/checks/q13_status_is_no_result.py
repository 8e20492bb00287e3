"""Q13: the ResultCode of a query decides, not its HTTP status."""

from __future__ import annotations

from tayari_contracts.controls import judge_control
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.rules import Control


@check("Q13")
def a_query_that_is_answered_is_no_payment(probe: Probe) -> None:
    """No callback; queries say in flight, then cancelled; the other rules stand on the same payment."""
    judge_control(probe, Control.QUERY)
