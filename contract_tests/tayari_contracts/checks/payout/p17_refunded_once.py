"""P17: a payment is given back once."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested, Warned, WrongCredit, say
from tayari_contracts.context.payment import FAILED, Payment
from tayari_contracts.steps.refunds import (
    expect_not_failed,
    give_back,
    give_back_sent,
    is_reversal,
    is_same_request,
    paid_payment,
    refund_requests,
    reversal_situation,
    shillings_of,
)

LATE_S: Final = 3.0
"""Seconds until the result of a reversal whose acknowledgement is lost: the refund is looked at before it."""
MORE: Final = 50
"""Shillings that are asked back beyond what was paid."""
DONE_S: Final = 10.0
"""The result of an ordinary refund comes within this time."""
WATCHED_S: Final = 6.0
"""Longer than a retry, or a click that is handled in the background, takes."""


@check("P17")
def a_payment_is_given_back_once(context: CheckContext) -> None:
    """Refund is clicked twice, and once more when the money is back; further refunds have other circumstances.

    One reversal was done before, one loses its acknowledgement and is clicked again, one is for a payment that failed,
    and one is of more than was paid.
    """
    unpaid = context.actions.pay_accepted(situation("inline/p17-unpaid", outcome=after(0.5, result_code=1032)))
    clicked = paid_payment(context)
    first = context.actions.in_background(lambda: give_back(context, clicked))
    second = give_back(context, clicked)
    before = give_back_sent(
        context,
        paid_payment(context),
        reversal_situation("inline/p17-before", outcome=after(0.5, result_code="R000001")),
    )
    lost = give_back_sent(
        context,
        paid_payment(context),
        reversal_situation("inline/p17-lost", {"ack_lost": {"drop": True}}, outcome=after(LATE_S)),
    )
    expect_not_failed(context, lost, "the acknowledgement of a refund was lost")
    _click_again(context, lost)
    of_unpaid = give_back(context, unpaid) if context.observations.status(unpaid).state is FAILED else None
    too_much = _give_too_much_back(context)
    context.observations.wait("callback_answered", second, within_s=DONE_S)
    _click_again(context, second)
    context.time.pause(WATCHED_S)
    if of_unpaid is not None:
        _expect_no_payout(context, of_unpaid)
    _expect_one(
        context, min(first.result(), second, key=lambda one: one.since), "refund was clicked three times", resend=False
    )
    _expect_one(context, before, "a reversal ended with R000001, because the payment was reversed before", resend=False)
    _expect_one(context, lost, "the acknowledgement of a refund was lost, and refund was clicked again", resend=True)
    _expect_no_more(context, too_much)
    _expect_not_called_failed(context, before)


def _click_again(context: CheckContext, refund: Payment) -> None:
    """Ask once more for a refund that was asked for before."""
    assert refund.refund_of is not None
    give_back(context, refund.refund_of)


def _give_too_much_back(context: CheckContext) -> Payment | None:
    """Ask for a refund of more than was paid; None: the request of the target file names no amount."""
    refund = context.target.merchant.refund
    if refund is None or not refund.call.names("amount"):
        return None
    payment = paid_payment(context)
    return give_back(context, payment, amount=int(payment.amount) + MORE)


def _expect_no_more(context: CheckContext, refund: Payment | None) -> None:
    """Expect that not more is given back than was paid.

    Raises:
        WrongCredit: it is.
    """
    for entry in () if refund is None else refund_requests(context, refund):
        sent = shillings_of(body_of(entry).get("Amount"))
        if refund is not None and sent is not None and sent > refund.amount:
            raise WrongCredit(
                f"a refund of {int(refund.amount) + MORE} shillings was asked for a payment of {refund.amount}, and "
                f"{sent:.15g} were given back; expected a refusal, or the amount of the payment"
            )


def _expect_not_called_failed(context: CheckContext, refund: Payment) -> None:
    """Expect that a refund with R000001 is not shown as failed: the money is back.

    Raises:
        Warned: it is.
    """
    view = context.observations.status(refund)
    if view.state is FAILED and is_reversal(refund_requests(context, refund)[0]):
        raise Warned(
            f"a reversal ended with R000001, because the payment was reversed before, and the refund is {say(view)}; "
            "expected paid or review, because staff who read failed give the money back again"
        )


def _expect_no_payout(context: CheckContext, refund: Payment) -> None:
    """Expect no payout for a payment that failed. A reversal of it moves no money.

    Raises:
        WrongCredit: there is one.
    """
    if any(not is_reversal(entry) for entry in refund_requests(context, refund)):
        raise WrongCredit(
            "the customer cancelled the prompt and paid nothing, refund was clicked, and the merchant paid the "
            "customer out; expected a refusal"
        )


def _expect_one(context: CheckContext, refund: Payment, why: str, *, resend: bool) -> None:
    """Expect that one request gives the money back. `resend`: the same one may be sent again: it is made once.

    Raises:
        Failed: there is a second reversal. WrongCredit: there is a payout too. Untested: there is no request.
    """
    requests = refund_requests(context, refund)
    if not requests:
        raise Untested(f"{why}, and no request that gives the money back reached Daraja")
    ways = [entry for entry in requests[1:] if not (resend and is_same_request(requests[0], entry))]
    if ways:
        again = "by a second reversal" if is_reversal(ways[0]) else "by a payout"
        kind = Failed if is_reversal(ways[0]) else WrongCredit
        raise kind(f"{why}, and the merchant gave the money back again, {again}; expected one refund")
