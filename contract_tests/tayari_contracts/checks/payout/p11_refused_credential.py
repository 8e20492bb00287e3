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
"""How long no payout may be sent after the first that was refused for the credential."""


ACCEPTED_S: Final = 25.0
"""When the result of the payout comes that is open meanwhile: after the queue was let go on."""
SENT_AGAIN_S: Final = 3.0
"""A merchant that takes up what is open has sent it by then."""


@check("P11")
def a_refused_credential_stops_the_queue(context: CheckContext) -> None:
    """A token is refused once, and then the credential: further requests would fail too, and lock the user. A payout
    that M-Pesa has accepted has no result yet, while the queue stands and when it goes on.
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
        expect_one_id(context, accepted, "the queue was let go on while a payout that M-Pesa had accepted was open")


def expect_token_renewed(context: CheckContext) -> None:
    """A payout that is refused for its token alone is sent again with another one, and paid.

    Where the target file shows no state of payouts, that Daraja accepts it is enough.

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
    """Whether the merchant shows what it made of the result: many work on results some seconds after their 200."""
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
        raise Failed("a payout ended with 2001, the queue stopped, and no alert says why")


def _go_on(context: CheckContext) -> bool:
    """Let the merchant pay again, and what waits be sent; whether it can."""
    waiting = context.evidence.payments[-1]

    def is_sent() -> bool:
        return any(row["state"] != "pending" for row in transactions(context, waiting))

    is_resumed = resume(context)
    if is_resumed:
        context.time.until(is_sent, within_s=REQUEST_WITHIN_S)
    return is_resumed
