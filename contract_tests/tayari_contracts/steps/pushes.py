"""The pushes that a merchant sends to Daraja for one payment: how a check waits for them, and reads them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

from tayari_money.payment_record import PaymentState

from tayari_contracts.context.actions import UNPAID, Fault, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import header
from tayari_contracts.context.findings import Untested, quote, times
from tayari_contracts.context.payment import Entry, Payment

RECOVERY_S: Final = 8.0
"""A merchant whose token was refused pushes again within this time."""
REFUSED: Final = "refused"
"""Stands for the problem of an order that the merchant did not push."""
LOOK_EVERY_S: Final = 0.15
NEW_TOKEN_S: Final = 4.0
"""A merchant that can use the token that it fetched pushes within this time."""
BUSY: Final = frozenset({429, 503})
"""With these statuses, no identifier and no push, the merchant did not look at the order."""
ASKED_AGAIN_AFTER_S: Final = (0.5, 2.0)
"""Pauses before a busy merchant is asked again."""


def order(context: CheckContext, **how: Any) -> Payment:
    """Start a payment for a rule about the order itself (`how`: as for `Actions.pay`). A busy merchant is asked again.

    A merchant that takes an ordinary order afterwards was not busy: its answer is about this order.

    Raises:
        Untested: it was too busy each time, so its refusal says nothing about the order.
    """
    payment = context.actions.pay(**how)
    for wait_s in ASKED_AGAIN_AFTER_S:
        if not _was_busy(context, payment):
            return payment
        context.time.pause(wait_s)
        payment = context.actions.pay(**how)
    if _was_busy(context, payment) and _was_busy(context, context.actions.pay(UNPAID)):
        answer = f"{payment.started.status} {quote(payment.started.message or payment.started.body, most=80)}"
        raise Untested(f"the merchant was too busy to take an order, four times: it answered {answer}")
    return payment


def was_taken(payment: Payment) -> bool:
    """Whether the merchant says that it started the payment. Bots answer 200 to a refusal, without an identifier."""
    return payment.started.accepted and payment.started.payment_id is not None


def start_at_once(context: CheckContext, *, requests: int, open_s: float, by_one_key: bool = False) -> Payment:
    """Start one order by several requests at the same moment; its customer answers the prompt after `open_s`.

    `by_one_key`: all requests carry one idempotency key (`key_of`). Returns the attempt that the merchant took, with
    the begin of the first one.
    """
    payer, amount, reference = context.allocation.order()
    context.control.play_next(situation("inline/payment-slow-customer", outcome=after(open_s)), msisdn=payer)
    key = key_of(reference) if by_one_key else None
    start = partial(
        context.actions.pay, msisdn=payer, amount=amount, reference=reference, idempotency_key=key, at_once=True
    )
    payments = [future.result() for future in [context.actions.in_background(start) for _ in range(requests)]]
    taken = next((payment for payment in payments if payment.started.accepted), payments[0])
    return replace(
        taken,
        since=min(payment.since for payment in payments),
        began_at=min(payment.began_at for payment in payments),
    )


def key_of(reference: str) -> str:
    """The idempotency key of every click on one order."""
    return f"click-{reference}"


def _was_busy(context: CheckContext, payment: Payment) -> bool:
    started = payment.started
    return started.status in BUSY and started.payment_id is None and not context.journal.pushes(payment)


def first_push(context: CheckContext, payment: Payment) -> Entry:
    """The first STK push of this payment, accepted or not.

    Raises:
        Untested: none came; the sentence says what the merchant did instead.
    """
    pushes = calm_pushes(context, payment, calm_s=0.0, within_s=context.target.merchant.promises.answer_within_s)
    if not pushes:
        raise Untested(f"no STK push was sent for this payment: {context.actions.describe_start(payment)}")
    return pushes[0]


def pay_with_new_token(context: CheckContext) -> Payment:
    """Start a payment for which the merchant fetches a token. A token that outlives its process is revoked.

    Raises:
        Untested: the merchant goes on with a refused token.
    """
    since = context.journal.now()
    context.actions.drop_token()
    payment = context.actions.pay()
    calm_pushes(context, payment, calm_s=0.0, within_s=NEW_TOKEN_S)
    if context.environment.can_restart and not context.journal.token_fetches(since):
        context.actions.revoke_token()
        payment = context.actions.pay()
        calm_pushes(context, payment, calm_s=0.0, within_s=NEW_TOKEN_S)
    return payment


def calm_pushes(
    context: CheckContext, payment: Payment, *, calm_s: float, within_s: float = 10.0, at_least: int = 1
) -> list[Entry]:
    """The pushes of a payment, once there are `at_least` and no further one came for `calm_s`, or time is up."""
    end = time.monotonic() + within_s
    pushes: list[Entry] = []
    changed_at = time.monotonic()
    while True:
        seen = context.journal.pushes(payment)
        now = time.monotonic()
        if len(seen) != len(pushes):
            pushes, changed_at = seen, now
        if now >= end or (len(pushes) >= at_least and now - changed_at >= calm_s):
            return pushes
        calm_in_s = calm_s - (now - changed_at) if len(pushes) >= at_least else 0.0
        context.time.pause(min(max(calm_in_s, LOOK_EVERY_S), end - now))


def taken_pushes(context: CheckContext, payment: Payment, *, refused_s: float = 0.5) -> list[Entry]:
    """The pushes of a payment that the merchant may refuse; after a refusal it waits for `refused_s` only.

    A merchant that pushes in the background accepts before it pushes, on a busy machine long before. So it has the
    time that it promises (`promises.answer_within_s`).
    """
    answer_s = context.target.merchant.promises.answer_within_s
    return calm_pushes(context, payment, calm_s=0.0, within_s=answer_s if payment.started.accepted else refused_s)


def gave_up(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant shows that the payment is over: refused at the start, or failed or in review since."""
    if not payment.started.accepted:
        return True
    if not context.profile.shows_state:
        return False
    return context.observations.status(payment).state in (PaymentState.FAILED, PaymentState.REVIEW)


def retried_pushes(context: CheckContext, payment: Payment, *, within_s: float, calm_s: float = 2.0) -> list[Entry]:
    """The pushes of a payment whose first ones are refused, once one is accepted, the merchant gives up, or time ends.

    After the merchant gave up it waits for `calm_s` more: a push may still come while the customer reads failed.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if context.journal.accepted(payment):
            break
        if gave_up(context, payment):
            return calm_pushes(
                context, payment, calm_s=calm_s, within_s=max(calm_s, end - time.monotonic()), at_least=0
            )
        context.time.pause(LOOK_EVERY_S)
    return context.journal.pushes(payment)


def amount_of(value: object) -> Decimal | None:
    """An Amount of the wire, number or string, as a number; None when it is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def wire_problem(body: Mapping[str, object], msisdn: str) -> str:
    """What is wrong with the two numbers of a push for this payer; empty when nothing is."""
    for field in ("PhoneNumber", "PartyA"):
        if str(body.get(field)) != msisdn:
            return f"{field} is {_masked(str(body.get(field)))!r}; expected 254 and the nine digits"
    return ""


def _masked(number: str) -> str:
    """A phone number as it was written, with its middle hidden."""
    digits = re.sub(r"\D", "", number)
    return number.replace(digits[-6:-3], "***") if len(digits) >= 9 else number


def play_token_refusal(context: CheckContext, refusal: Fault) -> tuple[Payment, str]:
    """Refuse the token of one push. Returns the payment, and what was wrong with the reaction; empty: nothing was.

    Raises:
        Untested: no push was sent at all.
    """
    payment = context.actions.pay(situation("inline/token-refused-once", refusal))
    first = first_push(context, payment)
    pushes = calm_pushes(context, payment, calm_s=0.5, within_s=RECOVERY_S, at_least=2)
    if len(pushes) < 2:
        return payment, "the merchant gave up; expected a new token and the push sent again"
    if header(pushes[1], "Authorization") == header(first, "Authorization"):
        return payment, "the push was sent again with the very token that was refused; expected a new one"
    if len(pushes) > 2:
        return payment, f"the push was sent {times(len(pushes))}; expected once more with a new token"
    if not context.journal.accepted(payment):
        return payment, "the second push was not accepted either; expected one with a token that is good"
    return payment, ""
