"""S11: the phone that is prompted is the payer's."""

from __future__ import annotations

from concurrent.futures import wait
from decimal import Decimal
from functools import partial
from typing import Final

from tayari_money.invariants import shillings

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.pushes import amount_of, first_push

CUSTOMERS: Final = 2
"""If pushes for so many customers go to one other number, that is the number for all."""
AT_ONCE: Final = 4
"""So many customers pay at the same moment, each an order of another amount."""


@check("S11")
def prompts_the_payer(context: CheckContext) -> None:
    """The two numbers of one push are compared, and the orders and numbers of customers who pay at the same moment.

    Nobody pays for another person here. A merchant that keeps a request's data where all requests find it mixes them
    up.
    """
    payment, push = _pushed(context)
    if context.run.prompted:
        raise Failed("every push goes to the same number; expected the number that the customer typed")
    body = body_of(push)
    party_a, phone = str(body.get("PartyA")), str(body.get("PhoneNumber"))
    if party_a != phone:
        stranger = "PartyA" if phone[-9:] == payment.msisdn[-9:] else "PhoneNumber"
        raise Failed(
            f"PartyA and PhoneNumber differ, and {stranger} is not the customer who pays; expected the same number"
        )
    payments = _pay_at_once(context)
    for payer in payments:
        for other in payments:
            if _is_asked_for(context, payer, other):
                raise Failed(
                    f"of {len(payments)} customers who paid at the same moment one was asked for another's order: "
                    f"{shillings(other.amount)} shillings, and their own order is of {shillings(payer.amount)}; "
                    "expected the order and the number of each to stay together"
                )


def _pay_at_once(context: CheckContext) -> list[Payment]:
    together = min(AT_ONCE, context.target.merchant.promises.payments_at_once or AT_ONCE)
    starts = [context.actions.in_background(partial(context.actions.pay, at_once=True)) for _ in range(together)]
    wait(starts, timeout=context.target.merchant.timeout_s + 5)
    payments = [start.result() for start in starts if start.done()]
    taken = sum(payment.started.accepted for payment in payments)
    context.time.until(
        lambda: sum(len(context.journal.pushes(payment)) for payment in payments) >= taken,
        within_s=context.target.merchant.promises.answer_within_s,
    )
    return payments


def _is_asked_for(context: CheckContext, payer: Payment, other: Payment) -> bool:
    """Whether the payer's phone got the order of the other customer, whose own phone did not.

    With a fee, one amount can equal another by chance; then each phone has one push.
    """
    of_payer, of_other = _amounts(context, payer), _amounts(context, other)
    moved = other.amount in of_payer and other.amount not in of_other
    return moved and (payer.amount in of_payer or not of_other)


def _amounts(context: CheckContext, payment: Payment) -> list[Decimal | None]:
    return [amount_of(body_of(push).get("Amount")) for push in context.journal.pushes(payment)]


def _pushed(context: CheckContext) -> tuple[Payment, Entry]:
    """A payment and its push; another payment if the push of the first went to another number."""
    for _ in range(CUSTOMERS):
        payment = context.actions.pay()
        try:
            return payment, first_push(context, payment)
        except Untested:
            continue
    payment = context.actions.pay()
    return payment, first_push(context, payment)
