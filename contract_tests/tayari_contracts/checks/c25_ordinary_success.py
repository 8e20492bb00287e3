"""C25: an ordinary success is settled."""

from __future__ import annotations

from tayari_contracts.controls import judge_control
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.rules import Control


@check("C25")
def an_ordinary_success_is_settled(probe: Probe) -> None:
    """One payment, told by its callback as M-Pesa sends it today; the other rules stand on the same payment."""
    judge_control(probe, Control.SUCCESS)
