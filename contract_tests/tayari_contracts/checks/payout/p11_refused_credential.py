"""P11: a refused credential alerts staff and stops the queue."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.payouts import (
    REQUEST_WITHIN_S,
    alerted,
    expect_results_taken,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    transactions,
)

STOPPED_S: Final = 6.0
"""So long no payout may be sent after the first that was refused for the credential."""


@check("P11")
def a_refused_credential_stops_the_queue(context: CheckContext) -> None:
    """M-Pesa answers 2001 once; further requests would fail too, and lock the user."""
    before = context.driver.read_alerts()
    payment = pay_out_sent(context, payout_situation("inline/p11-refused", outcome=after(0.5, result_code=2001)))
    expect_results_taken(context, payment)
    context.time.pause(1.0)
    try:
        _expect_stopped(context, before)
    finally:
        _go_on(context)


def _expect_stopped(context: CheckContext, before: tuple[str, ...] | None) -> None:
    later = pay_out(context)
    context.time.until(lambda: payout_requests(context, later), within_s=STOPPED_S)
    if payout_requests(context, later):
        raise Failed(
            "a payout ended with 2001 (initiator, password or certificate is wrong), and the next one was sent all the "
            "same; expected the queue to stop until a person has mended it"
        )
    if before is not None and not alerted(context, before):
        raise Failed("a payout ended with 2001, the queue stopped, and no alert tells staff why")


def _go_on(context: CheckContext) -> None:
    """Let the merchant pay again, and what waits be sent."""
    text = context.driver.resume_payouts()
    if text:
        context.evidence.notes.append(f"the queue may still be stopped: {text}")
        return
    waiting = context.evidence.payments[-1]
    context.time.until(lambda: _is_sent(context, waiting), within_s=REQUEST_WITHIN_S)


def _is_sent(context: CheckContext, payment: Payment) -> bool:
    return any(row["state"] != "pending" for row in transactions(context, payment))
