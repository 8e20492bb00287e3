"""P11: a refused credential alerts staff and stops the queue; a refused token does neither."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, refused
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, say, times
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.control_payments import is_sent_again
from tayari_contracts.steps.payouts import (
    REQUEST_WITHIN_S,
    alerted,
    expect_one_id,
    expect_results_taken,
    has_result,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    resume,
    transactions,
)

STOPPED_S: Final = 6.0
"""Seconds for which no payout may be sent after one that was refused for its credential."""

ACCEPTED_S: Final = 25.0
"""Seconds until the result of the payout that is open meanwhile: after the queue was resumed."""
SENT_AGAIN_S: Final = 3.0
"""A merchant that takes up open payouts sends them within this time."""


@check("P11")
def a_refused_credential_stops_the_queue(context: CheckContext) -> None:
    """A token is refused once, and then a credential, after which further requests would fail and lock the user.

    A payout that M-Pesa has accepted has no result while the queue stands, nor when it is resumed.
    """
    expect_token_renewed(context)
    accepted = pay_out_sent(context, payout_situation("inline/p11-accepted", outcome=after(ACCEPTED_S)))
    before = context.driver.read_alerts()
    refused_for_credential = payout_situation("inline/p11-refused", outcome=after(0.5, result_code=2001))
    payment = pay_out_sent(context, refused_for_credential, open_s=ACCEPTED_S)
    is_open = not has_result(context, accepted)
    expect_results_taken(context, payment)
    context.time.until(lambda: _is_dealt_with(context, payment, before), within_s=context.time.settle_s)
    context.time.pause(1.0)
    try:
        _expect_stopped(context, before)
    finally:
        is_resumed = _go_on(context)
    if not is_open:
        context.evidence.notes.append("the merchant sent no payout while another was open")
    elif is_resumed:
        context.time.until(lambda: is_sent_again(context, accepted), within_s=SENT_AGAIN_S)
        expect_one_id(context, accepted, "the queue was resumed while a payout that M-Pesa had accepted was open")


def expect_token_renewed(context: CheckContext) -> None:
    """Expect that a payout which was refused for its token is sent again with a new one, and paid.

    If the target file shows no state of payouts, it is enough that Daraja accepts it.

    Raises:
        Failed: it was given up. Missing: it was not paid, or not accepted, in time.
    """
    token_refused = payout_situation("inline/p11-token", refused("404.001.03"), outcome=after(0.5))
    payment = pay_out_sent(context, token_refused)
    payout = context.target.merchant.payout
    if payout is None or payout.status is None:
        if not context.time.until(lambda: transactions(context, payment), within_s=context.time.settled_s):
            raise Missing(_given_up(context, payment, "Daraja accepted none"))
        return
    view = context.observations.until(payment, PAID, FAILED, within_s=context.time.settled_s)
    if view.state is not PAID:
        kind = Failed if view.state is FAILED else Missing
        raise kind(_given_up(context, payment, f"it is {say(view)}"))


def _given_up(context: CheckContext, payment: Payment, end: str) -> str:
    sent = times(len(payout_requests(context, payment)))
    return (
        f"a payout was answered 404 with 404.001.03 (Invalid Access Token), it was sent {sent}, and {end}; expected a "
        "new token and the same payout again: only the token had ended"
    )


def _is_dealt_with(context: CheckContext, payment: Payment, before: tuple[str, ...] | None) -> bool:
    """Whether the merchant has handled the result: many work on results some seconds after their 200."""
    if context.observations.status(payment).state in (FAILED, REVIEW):
        return True
    return before is not None and len(context.driver.read_alerts() or ()) > len(before)


def _expect_stopped(context: CheckContext, before: tuple[str, ...] | None) -> None:
    later = pay_out(context)
    context.time.until(lambda: payout_requests(context, later), within_s=STOPPED_S)
    if payout_requests(context, later):
        raise Failed(
            "a payout ended with 2001 (initiator, password or certificate is wrong), and the next one was sent all the "
            "same; expected the queue to stop until a person has fixed it"
        )
    if before is not None and not alerted(context, before):
        raise Failed("a payout ended with 2001, the queue stopped, and no alert says why; expected an alert to staff")


def _go_on(context: CheckContext) -> bool:
    """Resume the merchant's payouts, and wait until the waiting one is decided; returns whether it could resume."""
    waiting = context.evidence.payments[-1]

    def is_sent() -> bool:
        return any(row["state"] != "pending" for row in transactions(context, waiting))

    is_resumed = resume(context)
    if is_resumed:
        context.time.until(is_sent, within_s=REQUEST_WITHIN_S)
    return is_resumed
