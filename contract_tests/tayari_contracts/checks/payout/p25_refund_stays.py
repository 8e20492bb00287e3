"""P25: a payment that was given back is not credited again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tayari_money.daraja_records import REVERSAL
from tayari_money.invariants import shillings

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, WrongCredit, credits_not_countable, say
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.refunds import give_back_sent, paid_payment, reversal_situation

WATCHED_S: Final = 3.0
"""A merchant credits a repeated success within this time after it has settled a later payment, if it does."""

REFUSED: Final = 400
GONE: Final = (404, 410)
"""HTTP statuses with which a merchant may answer for a refunded payment; another refusal says nothing about it."""

BOOKED_S: Final = 1.0
"""A merchant that shows a refund as done has stored it with the payment within this time."""


@check("P25")
def a_refunded_payment_is_not_credited_again(context: CheckContext) -> None:
    """A payment is given back, M-Pesa reports that twice, and then reports the success of the payment once more."""
    payment = paid_payment(context)
    credited = seen_of(context, payment).total
    refund = give_back_sent(context, payment, reversal_situation("inline/p25-refund", outcome=after(0.5)))
    view = context.observations.until(refund, PAID, within_s=context.time.settled_s)
    if view.state is not PAID:
        raise Untested(f"M-Pesa gave a payment back, and the refund is {say(view)}; P16 judges that")
    _return_again(context, refund)
    context.time.pause(BOOKED_S)
    before = standing(context, payment)
    if before.is_paid and before.says_only_credited:
        raise credits_not_countable("a second credit after a refund")
    answers = context.actions.send_callback(payment, result_code=0)
    if all((answer.get("status") or CRASH) >= CRASH for answer in answers):
        raise Untested("the repeated success got no answer, or a crash, so what it does to a refunded payment is open")
    later = context.actions.pay_accepted(situation("inline/p25-later", outcome=after(0.5)))
    context.expectations.require_paid(later)
    if wrong := context.time.until(lambda: seen_of(context, payment).exceeds(before), within_s=WATCHED_S):
        kind = WrongCredit if before.is_read else Failed  # a credit that could not be read before may be the first one
        raise kind(
            f"a payment of {payment.amount} shillings was given back, its success was reported once more, and it "
            f"{wrong}; expected nothing to change: the customer has the money"
        )
    total = seen_of(context, payment).total
    if credited is not None and total is not None and total < credited - payment.amount:
        raise WrongCredit(
            f"a payment of {payment.amount} shillings was given back, M-Pesa reported that twice, and "
            f"{shillings(credited - total)} shillings were taken off its order; expected {payment.amount}"
        )


def _return_again(context: CheckContext, refund: Payment) -> None:
    """M-Pesa repeats the result of a reversal, as it repeats others."""
    assert refund.refund_of is not None
    receipt = context.journal.record(refund.refund_of).get("receipt")
    for row in context.control.payments(msisdn=refund.msisdn, kind=REVERSAL):
        if row["account_reference"] == receipt:
            context.control.send_callback(checkout_request_id=row["checkout_request_id"], result_code=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPayment:
    """What the merchant shows of a payment that is given back."""

    is_paid: bool
    credits: int | None
    """How many; None: that is not shown."""
    total: float | None
    """Shillings; None: no sum is shown."""
    says_only_credited: bool
    """Whether it shows only that it credited, true or false."""

    is_read: bool = True
    """False: there was no answer, or an error in its place."""

    def exceeds(self, before: SeenPayment) -> str:
        """The end of a reason if more was credited than `before`; else empty.

        If a sum is shown, it alone counts: the refund may be a row beside the credit. A failed read shows nothing.
        """
        if before.is_read and not self.is_read:
            return ""
        sums = before.total is not None and self.total is not None
        now, then = (self.total, before.total) if sums else (self.credits, before.credits)
        if (now or 0) > (then or 0):
            return "was credited again"
        return "is shown as paid again" if self.is_paid and not before.is_paid else ""


def standing(context: CheckContext, payment: Payment) -> SeenPayment:
    """What the merchant shows of the payment before its success is repeated.

    A failed read is repeated, because any credit would seem new after it.
    """
    looks: list[SeenPayment] = []

    def look() -> bool:
        looks.append(seen_of(context, payment))
        return looks[-1].is_read

    context.time.until(look, within_s=WATCHED_S)
    return looks[-1]


def seen_of(context: CheckContext, payment: Payment) -> SeenPayment:
    """What the merchant shows of the payment now.

    This look is not kept in the record of the run: a payment that was given back may have any state, also one that the
    target file does not name.
    """
    view = context.driver.read_status(payment.payment_id, payment.reference)
    ledger = context.driver.read_ledger(payment_id=payment.payment_id, reference=payment.reference)
    is_refused = view.state is None and (view.http_status or 0) >= REFUSED and view.http_status not in GONE
    return SeenPayment(
        is_paid=view.state is PAID,
        credits=None if ledger is None else ledger.credits,
        total=view.total if ledger is None or ledger.total is None else ledger.total,
        says_only_credited=ledger is None and view.says_only_credited,
        is_read=not (view.error or is_refused or (ledger is not None and ledger.error)),
    )
