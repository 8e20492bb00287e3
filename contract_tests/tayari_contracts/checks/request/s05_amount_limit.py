"""S05: an amount above M-Pesa's limit is refused before Daraja is asked, or asked for in parts."""

from __future__ import annotations

import re
from typing import Final

from tayari_money.invariants import shillings

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Missing, Unjudged, Warned, WrongCredit, quote, say
from tayari_contracts.context.message_topics import crash_of, raw_words_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.pushes import amount_of, calm_pushes, order, was_taken

TOTAL: Final = 300_000
"""Shillings. M-Pesa takes 250 000 at most (reference 3.1)."""

CANCELLED: Final = 1032
FIRST_PART_S: Final = 2.0
"""Seconds for which the first part's prompt is open: enough to queue the result of the next one."""

NAMES_AMOUNT: Final = (
    r"amount|limit|maximum|\bmax\b|at most|too (much|large|big|high)|exceed|above|less than|250[ ,.]?000|split"
    r"|kiasi|kikomo|zaidi|kubwa mno"
)


@check("S05")
def refuses_too_much(context: CheckContext) -> None:
    """One order of 300 000 shillings; for a shop that splits orders a second one, of which one part is cancelled."""
    context.profile.require_placeholder("amount")
    payment = order(context, amount=TOTAL)
    if crash := crash_of(payment.started):
        raise Failed(f"an order of {TOTAL} shillings: {crash}; expected a refusal in plain words")
    pushes = calm_pushes(context, payment, calm_s=0.5, within_s=2.0)
    if "split_payments" in context.target.merchant.capabilities and context.journal.accepted(payment):
        judge_parts(context, payment)
        judge_unpaid_part(context)
        return
    for push in pushes:
        amount = amount_of(body_of(push).get("Amount"))
        if amount is not None and amount != TOTAL:
            raise Failed(f"an order of {TOTAL} shillings was pushed with Amount {amount}; expected a refusal")
    if context.journal.accepted(payment):
        raise Unjudged(f"Daraja accepted a push of {TOTAL} shillings: the simulator's limit was raised")
    if was_taken(payment):
        if not context.profile.shows_state:
            raise Unjudged("the merchant took the order, and its state cannot be seen")
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=5.0)
        if view.state not in (FAILED, REVIEW):
            raise Failed(
                f"an order of {TOTAL} shillings is {view.state or 'unknown'} after Daraja refused it; expected failed"
            )
    message = context.observations.messages(payment) or ("" if context.profile.shows_messages else payment.started.body)
    _judge_word(message, pushed=bool(pushes), unseen=was_taken(payment) and not context.profile.shows_messages)


def judge_parts(context: CheckContext, payment: Payment) -> None:
    """Expect that parts that are all paid add up to the order, and so do the credits.

    Raises:
        Failed: the sum is another one. WrongCredit: more was credited. Missing: the order is not paid.
    """
    view = context.observations.until(payment, PAID, FAILED, REVIEW, within_s=2 * context.time.settled_s)
    calm_pushes(context, payment, calm_s=1.0, within_s=3.0)
    parts = [float(one["amount"]) for one in context.journal.accepted(payment)]
    message = f"an order of {TOTAL} shillings was pushed in parts of {' and '.join(map(shillings, parts))}"
    if sum(parts) != TOTAL and (view.state is PAID or sum(parts) > TOTAL):
        raise Failed(f"{message}, and the payment is {say(view)}; expected parts that add up to the order")
    if context.profile.shows_state and view.state is not PAID:
        raise Missing(f"{message}, all of them were paid, and the payment is {say(view)}; expected paid")
    expect_total(context, payment, TOTAL, message)


def judge_unpaid_part(context: CheckContext) -> None:
    """Expect that an order is not paid whose first part is paid and whose next one is cancelled.

    Raises:
        Failed: it is shown as paid. WrongCredit: more was credited than was paid.
    """
    payment = context.actions.pay_accepted(
        situation("inline/s05-first-part", outcome=after(FIRST_PART_S)), amount=TOTAL
    )
    context.control.play_next(
        situation("inline/s05-next-part", outcome=after(0.5, result_code=CANCELLED)), msisdn=payment.msisdn
    )
    context.observations.wait("callback_answered", payment, count=2, within_s=FIRST_PART_S + 2 * context.time.settled_s)
    view = context.observations.until(payment, FAILED, REVIEW, within_s=context.time.settled_s)
    paid = sum(float(one["amount"]) for one in context.journal.accepted(payment) if one["state"] == "paid")
    message = f"of an order of {TOTAL} shillings {shillings(paid)} were paid, and the next part was cancelled"
    if view.state is PAID and paid < TOTAL:
        raise Failed(f"{message}; the payment is paid; expected it to stay open, or to be handed to a person")
    expect_total(context, payment, paid, message, at_most=True)


def expect_total(context: CheckContext, payment: Payment, due: float, message: str, *, at_most: bool = False) -> None:
    """Expect that the credits for the order are `due` shillings; `at_most`: or less."""
    if not context.profile.shows_credits:
        return
    total = context.observations.credits(payment).total
    if total is None or round(total, 2) == due or (at_most and total < due):
        return
    kind = WrongCredit if total > due else Missing
    raise kind(f"{message}; {shillings(total)} shillings were credited; expected {shillings(due)}")


def _judge_word(message: str, *, pushed: bool, unseen: bool) -> None:
    if raw_words_of(message) or not (unseen or names_amount(message)):
        raise Failed(f"the customer was told {quote(message)}; expected that the amount is above M-Pesa's limit")
    if pushed:
        raise Warned(
            "an amount above M-Pesa's limit was sent to Daraja, which refused it; expected a check before that"
        )


def names_amount(message: str) -> bool:
    """Whether a text says, in any words, that the amount is what is wrong."""
    return re.search(NAMES_AMOUNT, message, re.IGNORECASE) is not None
