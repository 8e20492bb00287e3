"""C10: result codes with letters are failures, not crashes and not successes."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import FAILED, REVIEW, Probe

CODES = ("SFC_IC0003", "E3008")


@check("C10")
def codes_with_letters_are_failures(probe: Probe) -> None:
    """One payment for each of the two codes that were seen."""
    payments = {
        code: probe.pay_accepted(situation("inline/c10-letters", outcome=after(0.5, result_code=code)))
        for code in CODES
    }
    for code, payment in payments.items():
        probe.expect_callback_taken(payment)
        probe.expect_state(payment, (FAILED, REVIEW), within_s=probe.settled_s, because=f"the result was {code}")
        probe.expect_unpaid(payment, for_s=0.0, because=f"the result was {code}, a failure")
