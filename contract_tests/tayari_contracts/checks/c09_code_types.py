"""C09: ResultCode means the same as a number and as text."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import FAILED, REVIEW, Probe

CODE = "Body.stkCallback.ResultCode"


@check("C09")
def codes_as_text_mean_the_same(probe: Probe) -> None:
    """`"0"` pays as `0` does, and `"1032"` fails as `1032` does."""
    paid = probe.pay_accepted(
        situation("inline/c09-success-as-text", {"mutate": {"set": {CODE: "0"}}}, outcome=after(0.5))
    )
    cancelled = probe.pay_accepted(
        situation(
            "inline/c09-cancelled-as-text", {"mutate": {"set": {CODE: "1032"}}}, outcome=after(0.5, result_code=1032)
        )
    )
    probe.expect_callback_taken(paid)
    probe.expect_callback_taken(cancelled)
    probe.expect_paid_once(paid, within_s=probe.settled_s, because='ResultCode was "0" as text')
    probe.expect_state(
        cancelled, (FAILED, REVIEW), within_s=probe.settled_s, because='ResultCode was "1032" as text: cancelled'
    )
