"""C11: a failure has no CallbackMetadata, and is handled all the same."""

from __future__ import annotations

from tayari_contracts.probe import FAILED, REVIEW, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

CODES = (1, 1032, 2001)


@check("C11")
def failures_without_metadata_are_handled(probe: Probe) -> None:
    """Three ordinary failures, as Daraja sends them: the key is absent."""
    payments = {
        code: probe.pay_accepted(situation("inline/c11-failure", outcome=after(0.5, result_code=code)))
        for code in CODES
    }
    for code, payment in payments.items():
        probe.expect_callback_taken(payment)
        because = f"the callback said {code}, without CallbackMetadata"
        probe.expect_state(payment, (FAILED, REVIEW), within_s=probe.settled_s, because=because)
        probe.expect_unpaid(payment, for_s=0.0, because=because)
