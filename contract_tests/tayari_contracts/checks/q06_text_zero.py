"""Q06: the query's ResultCode is text, and "0" is success."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.probe import FAILED, REVIEW, Probe
from tayari_contracts.steps.status_queries import first_query, patience_s, unanswered


@check("Q06")
def text_zero_is_success(probe: Probe) -> None:
    """No callbacks; the query answers with `"0"` for one payment and with `"1032"` for another."""
    paid = probe.pay_accepted(unanswered("inline/q06-success-as-text"))
    cancelled = probe.pay_accepted(unanswered("inline/q06-cancelled-as-text", result_code=1032))
    first_query(probe, paid)
    first_query(probe, cancelled)
    within_s = patience_s(probe)
    probe.expect_paid_once(paid, within_s=within_s, because='the query answered ResultCode "0", as text')
    probe.expect_state(
        cancelled, (FAILED, REVIEW), within_s=within_s, because='the query answered ResultCode "1032", as text'
    )
