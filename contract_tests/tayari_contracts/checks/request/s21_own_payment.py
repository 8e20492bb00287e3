"""S21: each order is paid by itself."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import UNPAID, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Warned, WrongCredit
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.pushes import key_of, taken_pushes

OPEN_S: Final = 4.0
"""Seconds for which the prompt of the first order is open; the second one begins meanwhile."""
MORE: Final = 50
"""Shillings by which the order with a used key costs more."""


@check("S21")
def each_order_is_paid_by_itself(context: CheckContext) -> None:
    """A customer orders the same amount again while the first order is open, and again when it is paid.

    Another order has the name of a paid one but for its end. A last one costs more, and carries the idempotency key of
    a paid one.
    """
    context.profile.require_placeholder("reference")
    first = context.actions.pay_accepted(situation("inline/s21-open", outcome=after(OPEN_S)))
    beside = _order(context, first, int(first.amount))
    context.expectations.require_paid(first)
    _expect_unpaid(context, beside, "was begun while another one of the same customer and amount was open")
    again = _order(context, first, int(first.amount))
    _expect_unpaid(context, again, "was begun when another one of the same customer and amount was paid")
    _judge_like_name(context)
    if "idempotency_key" not in context.profile.receives and context.target.merchant.pay.idempotency_header is None:
        return
    key = key_of(context.allocation.reference())
    keyed = context.actions.pay_accepted(situation("inline/s21-keyed", outcome=after(0.5)), idempotency_key=key)
    context.expectations.require_paid(keyed)
    dearer = _order(context, keyed, int(keyed.amount) + MORE, key=key)
    what = f"of {dearer.amount} shillings carries the idempotency key of one of {keyed.amount} that is paid"
    _expect_unpaid(context, dearer, what, key_of_order=keyed)


def _judge_like_name(context: CheckContext) -> None:
    """Expect that an order is not paid by another customer's, whose name has the same first twelve characters.

    Daraja takes twelve characters as AccountReference. Nothing is expected of a merchant that takes no such name.
    """
    name = f"{context.allocation.reference()}-ORDER-"
    first = context.actions.pay(situation("inline/s21-long-name", outcome=after(0.5)), reference=f"{name}1")
    if not first.started.accepted or context.observations.until(first, PAID).state is not PAID:
        return
    other = context.actions.pay(UNPAID, amount=int(first.amount), reference=f"{name}2")
    _expect_unpaid(context, other, "has a name whose first twelve characters are those of an order that is paid")


def _order(context: CheckContext, first: Payment, amount: int, *, key: str | None = None) -> Payment:
    """Start another order of the same customer, who does not pay it."""
    return context.actions.pay(UNPAID, msisdn=first.msisdn, amount=amount, idempotency_key=key)


def _expect_unpaid(context: CheckContext, order: Payment, what: str, *, key_of_order: Payment | None = None) -> None:
    """Expect that an order is refused, prompted, or not paid. `what`: the order in words.

    `key_of_order`: the order for which its idempotency key was used.

    Raises:
        WrongCredit: nobody was asked to pay for it, and it is paid.
        Warned: it was answered with the payment of `key_of_order`. Many merchants repeat such an answer, and it cannot
            be seen whether the order is delivered.
    """
    if taken_pushes(context, order) or not order.started.accepted:
        return
    if key_of_order is not None and _shows_payment_of(context, order, key_of_order):
        raise Warned(
            f"an order {what}, and the merchant answered with the payment of that one; expected a refusal (409), so "
            "that nobody takes the other order for paid"
        )
    if context.observations.status(order).state is PAID:
        raise WrongCredit(
            f"an order {what}; the merchant took it, asked nobody to pay for it, and shows it as paid: one payment "
            "settles two orders. Expected a prompt of its own, or a refusal"
        )
    context.evidence.notes.append(f"an order {what}, and waits: it was not pushed, and is not paid")


def _shows_payment_of(context: CheckContext, order: Payment, other: Payment) -> bool:
    """Whether the state that is read of an order may be another one's.

    Their identifiers are equal, and the order's reference is not sent, or goes to an adapter, which may read by the
    identifier alone.
    """
    merchant = context.target.merchant
    by_name = merchant.adapter is None and (merchant.status is None or merchant.status.names("reference"))
    return not by_name and bool(order.payment_id) and order.payment_id == other.payment_id
