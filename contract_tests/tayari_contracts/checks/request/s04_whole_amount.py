"""S04: the Amount is whole, and equals the order's total."""

from __future__ import annotations

import re
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Unjudged, Warned
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import FAILED, REVIEW, Payment
from tayari_contracts.steps.pushes import amount_of, first_push, order, taken_pushes, was_taken

TOTAL: Final = 99.5
DOWN, UP = 99, 100
"""The total in whole shillings, rounded down and up."""


@check("S04")
def charges_the_total_in_whole_shillings(context: CheckContext) -> None:
    """One order is of whole shillings, and another one of 99.50."""
    context.profile.require_placeholder("amount")
    whole = context.actions.pay()
    raw = body_of(first_push(context, whole)).get("Amount")
    if amount_of(raw) != whole.amount:
        raise Failed(f"an order of {whole.amount} shillings was pushed with Amount {raw}; expected {whole.amount}")
    if not is_written_whole(raw):
        raise Failed(f"an order of {whole.amount} shillings was pushed with Amount {raw!r}; expected {whole.amount}")
    payment = order(context, amount=TOTAL)
    pushes = taken_pushes(context, payment, refused_s=2.0)
    if not pushes:
        _judge_refusal(context, payment)
        return
    _judge_amount(context, payment, body_of(pushes[-1]).get("Amount"))


def is_written_whole(raw: object) -> bool:
    """Whether an Amount is written without decimals: 10 or "10", not 10.0."""
    return re.fullmatch(r"[0-9]+", str(raw)) is not None


def shows(text: str, amount: int) -> bool:
    """Whether a text names this amount, and not only as part of another number (99.50, 1999)."""
    return re.search(rf"(?<![\d.,]){amount}(?:\.0+)?(?![\d]|[.,]\d)", text) is not None


def states_rounding(text: str) -> bool:
    """Whether a text says that 99.50 became 99: with both amounts, or with a word for rounding."""
    return (
        shows(text, DOWN)
        and re.search(r"\bround|whole (?:shilling|number)|\b99\.50?\b", text, re.IGNORECASE) is not None
    )


def _judge_refusal(context: CheckContext, payment: Payment) -> None:
    if crash := crash_of(payment.started):
        raise Failed(f"an order of 99.50 shillings: {crash}; expected a refusal in plain words, or a stated rounding")
    if was_taken(payment) and not (
        context.profile.shows_state
        and context.observations.until(payment, FAILED, REVIEW, within_s=3.0).state in (FAILED, REVIEW)
    ):
        raise Unjudged("an order of 99.50 was neither refused nor pushed, so its amount was not seen")


def _judge_amount(context: CheckContext, payment: Payment, raw: object) -> None:
    sent = amount_of(raw)
    if sent is None or sent != sent.to_integral_value():
        raise Failed(f"an order of 99.50 was pushed with Amount {raw}; expected whole shillings, as Daraja takes them")
    if sent not in (DOWN, UP):
        raise Failed(f"an order of 99.50 shillings was pushed with Amount {raw}; expected 100, or a refusal")
    seen = _seen_by_customer(context, payment)
    if sent == DOWN and not states_rounding(seen):
        raise Failed("an order of 99.50 was silently cut to 99; expected a refusal, 100, or a word about the rounding")
    if sent == UP and not shows(seen, UP):
        raise Warned("an order of 99.50 was rounded up to 100, and the customer is not told; expected 100 to be shown")


def _seen_by_customer(context: CheckContext, payment: Payment) -> str:
    """All that the merchant shows, without the identifiers, which may hold the amount by chance."""
    texts = [payment.started.body, payment.started.message]
    if context.profile.shows_state:
        view = context.observations.status(payment)
        texts += [view.body, view.message]
    shown = "\n".join(texts)
    for known in (payment.started.payment_id, payment.reference, payment.msisdn):
        shown = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", shown) if known else shown
    return shown
