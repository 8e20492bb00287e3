"""A04: what the acknowledgement said survives the process."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Missing, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import PAID, Probe


@check("A04")
def matches_the_callback_after_a_restart(probe: Probe) -> None:
    """The merchant is killed right after the acknowledgement and started again; then the success callback arrives."""
    payment = probe.pay_accepted(situation("ack/restart", outcome=after(0.2, callback=False)))
    probe.quiet(probe.sight.until_stored_s())
    probe.stage.kill_merchant()
    probe.start_again()
    deliveries = probe.send_callback(payment)
    view = probe.until(payment, PAID, within_s=probe.worked_off_s)
    if view.state is not PAID:
        answer = deliveries[0].get("status") if deliveries else None
        raise Missing(
            f"the process was started anew after the acknowledgement; the success callback was answered {answer}, and "
            f"the payment is {say(view)}; expected paid"
        )
    if probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.2, because="one callback after a restart")
