"""C19: a success after a failure is honoured, or handed to a person; the money has moved."""

from __future__ import annotations

from tayari_contracts.findings import Failed
from tayari_contracts.probe import PAID, REVIEW, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation
from tayari_contracts.wording import say

LATER_S = 5.0


@check("C19")
def a_success_after_failure_is_not_dropped(probe: Probe) -> None:
    """1037 at first; then the customer's approval arrives after all, and the query agrees each time."""
    payment = probe.pay_accepted(
        situation(
            "inline/c19-late-success",
            outcome=after(0.5, result_code=1037),
            then=[{"result_code": 0, "after_s": LATER_S}],
        )
    )
    probe.wait("callback_answered", payment, count=2, within_s=LATER_S + 10.0)
    probe.until(payment, (PAID, REVIEW), within_s=probe.settled_s)
    view = probe.after_the_queue(payment)
    if view.state not in (PAID, REVIEW):
        raise Failed(
            f"the payment is {say(view)}; expected paid or review: a success followed {LATER_S:g} s after a failure, "
            "and the customer's money has moved"
        )
    if view.state is PAID and probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.3, because="a success followed after a failure")
