"""C05: a callback pays the payment whose CheckoutRequestID it names, whatever phone and amount it carries."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.payment import PAID, REVIEW, Payment

PHONE = f"{ITEM}[PhoneNumber].Value"
OPEN_S = 8.0
"""Seconds for which the other orders stay open. Nobody answers their prompts, so they are never rightly paid."""


@check("C05")
def a_callback_pays_the_payment_it_names(context: CheckContext) -> None:
    """Three orders have one amount, and two more have one amount and one phone. One order of each group is paid."""
    amount = context.allocation.amount()
    first, named, last = start_three(context, amount)
    pair = start_two_of_one_phone(context, amount)
    others = {first.reference: (named, first), last.reference: (named, last)}
    if pair is not None:
        others[pair[1].reference] = pair
    paid = (named, *(pair or ())[:1])
    for payment in paid:
        context.expectations.callback_taken(payment)
        context.observations.until(payment, PAID, REVIEW, within_s=context.time.slow_queue_s)
    for payment, other in others.values():
        expect_untouched(context, payment, other)
    for payment in paid:
        context.expectations.state(payment, PAID, REVIEW, within_s=0.0, because="its callback names its id")
    context.expectations.status_after_queue(named)
    for payment, other in others.values():
        expect_untouched(context, payment, other)


def start_three(context: CheckContext, amount: int) -> tuple[Payment, Payment, Payment]:
    """Start three orders. The callback of the second names the phone of the first; nothing is sent for the others."""
    silent = situation("inline/c05-open", outcome=after(OPEN_S, result_code=1037, callback=False))
    first = context.actions.pay_accepted(silent, amount=amount)
    mutated = {"mutate": {"set": {PHONE: int(first.msisdn)}}}
    named = context.actions.pay_accepted(situation("inline/c05-named", mutated, outcome=after(1.5)), amount=amount)
    return first, named, context.actions.pay_accepted(silent, amount=amount)


def start_two_of_one_phone(context: CheckContext, amount: int) -> tuple[Payment, Payment] | None:
    """Start two orders of one customer, who has paid the first when the second prompt is open; then a callback comes.

    None if the merchant does not let a customer pay for two orders at a time.
    """
    late = {**after(0.3), "callback_after_s": 1.5}
    named = context.actions.pay_accepted(
        situation("inline/c05-late", outcome=late, query={"in_flight": ["4999"], "for_calls": 1}), amount=amount
    )
    context.observations.wait("result_due", named)
    unpaid = situation("inline/c05-unpaid", outcome=after(OPEN_S, result_code=1037))
    second = context.actions.pay(unpaid, amount=amount, msisdn=named.msisdn)
    pushes = {row["id"] for payment in (named, second) for row in context.journal.accepted(payment)}
    both = len(pushes) == 2 and second.payment_id != named.payment_id
    return (named, second) if both else None


def expect_untouched(context: CheckContext, named: Payment, other: Payment) -> None:
    """Expect that the other order is not paid, and does not show the receipt of the one that was named.

    Raises:
        Failed, WrongCredit: it does.
    """
    because = "a callback paid an order that it does not name, of the same amount or phone"
    context.expectations.unpaid(other, for_s=0.0, because=because)
    receipt = context.journal.record(named).get("receipt")
    if receipt and context.observations.status(other).receipt == receipt:
        raise Failed(f"receipt {receipt} is stored with an order that its callback does not name; expected none there")
