"""C11: an ordinary failure ends its payment; it has no CallbackMetadata, and is handled all the same."""

from __future__ import annotations

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import FAILED, REVIEW, Probe
from tayari_contracts.steps.control_payments import judge_control

CODES = (1, 2001)


@check("C11")
def failures_without_metadata_are_handled(probe: Probe) -> None:
    """Ordinary failures, as Daraja sends them: the key is absent. Other rules stand on the first of them."""
    judge_control(probe, Control.FAILURE)
    payments = {
        code: probe.pay_accepted(situation("inline/c11-failure", outcome=after(0.5, result_code=code)))
        for code in CODES
    }
    for code, payment in payments.items():
        probe.expect_callback_taken(payment)
        because = f"the callback said {code}, without CallbackMetadata"
        probe.expect_state(payment, (FAILED, REVIEW), within_s=probe.settled_s, because=because)
        probe.expect_unpaid(payment, for_s=0.0, because=because)
