"""R01: what was open when the process died is taken up again, although its callback found nobody."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Missing, Untested, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import PAID, REVIEW, Probe

DOWN_S = 1.5
CALLBACK_S = 2.0
"""The callback falls into the time in which the merchant is down."""

GRACE_S = 3.0


@check("R01")
def open_payments_survive_a_crash(probe: Probe) -> None:
    """Killed after the acknowledgement; the callback comes meanwhile, once; then the merchant is started again."""
    payment = probe.pay_accepted(situation("inline/r01-crash", outcome=after(CALLBACK_S)))
    probe.quiet(probe.sight.until_stored_s())
    probe.stage.kill_merchant()
    probe.wait("callback_answered", payment, within_s=CALLBACK_S + DOWN_S + 5.0)
    if any((entry.get("response") or {}).get("status") is not None for entry in probe.sight.callbacks(payment)):
        probe.start_again()
        raise Untested(f"the callback was answered before the process was killed, {CALLBACK_S:g} s after the push")
    probe.start_again()
    view = probe.until(payment, (PAID, REVIEW), within_s=probe.reconcile_s + probe.queue_s + GRACE_S)
    if view.state not in (PAID, REVIEW):
        raise Missing(
            f"the process died after the acknowledgement, the callback found nobody, and {probe.reconcile_s:g} s after "
            f"the restart the payment is {say(view)}; expected a status query, and paid"
        )
    if probe.sees_credits and view.state is PAID:
        probe.expect_credits(payment, 1, quiet_s=0.5, because="a query settled it after a crash")
