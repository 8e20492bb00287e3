"""D01: an order that is paid from several tabs at once gets one prompt."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed, times
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import Probe, require_one_order
from tayari_contracts.steps.pushes import calm_pushes, first_push

TABS: Final = 4
OPEN_S: Final = 3.0


@check("D01")
def tabs_share_one_prompt(probe: Probe) -> None:
    """Four tabs show one order; each sends its own request, with its own idempotency key, at the same moment."""
    require_one_order(probe)
    taken = _pay_from_all_tabs(probe)
    first_push(probe, taken)
    pushes = calm_pushes(probe, taken, calm_s=1.2, within_s=4.0)
    if len(pushes) > 1:
        raise Failed(f"one order, paid from {TABS} tabs at once, was pushed {times(len(pushes))}; expected one prompt")
    if probe.sees_state:
        probe.expect_paid_once(taken, within_s=OPEN_S + probe.settled_s, because="the customer paid the one prompt")


def _pay_from_all_tabs(probe: Probe) -> Payment:
    payer, amount, reference = probe.allocation.msisdn(), probe.allocation.amount(), probe.allocation.reference()
    probe.control.play_next(situation("payment/slow-customer", outcome=after(OPEN_S)), msisdn=payer)
    tab = partial(probe.pay, msisdn=payer, amount=amount, reference=reference, at_once=True)
    payments = [future.result() for future in [probe.in_background(tab) for _ in range(TABS)]]
    taken = next((payment for payment in payments if payment.started.accepted), payments[0])
    return replace(
        taken,
        since=min(payment.since for payment in payments),
        began_at=min(payment.began_at for payment in payments),
    )
