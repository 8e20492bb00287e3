"""C05: a callback belongs to the payment whose CheckoutRequestID it names, whatever phone and amount it carries."""

from __future__ import annotations

import time

from tayari_contracts.findings import Failed
from tayari_contracts.payment import Payment
from tayari_contracts.probe import PAID, REVIEW, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

PHONE = "Body.stkCallback.CallbackMetadata.Item[PhoneNumber].Value"
OPEN_S = 8.0
"""So long the other orders stay open."""


@check("C05")
def a_callback_pays_the_payment_it_names(probe: Probe) -> None:
    """Three orders of one amount; and two of one amount and one phone."""
    amount = probe.allocation.amount()
    first, named, last = start_three(probe, amount)
    pair = start_two_of_one_phone(probe, amount)
    expect_named_alone(probe, named, (first, last))
    if pair is not None:
        expect_named_alone(probe, pair[0], (pair[1],))
    for other in (first, last):
        expect_other_receipt(probe, named, other)


def start_three(probe: Probe, amount: int) -> tuple[Payment, Payment, Payment]:
    """The callback of the middle one carries the phone number of the first. The others succeed later, in silence."""
    silent = situation("inline/c05-open", outcome=after(OPEN_S, callback=False))
    first = probe.pay_accepted(silent, amount=amount)
    mutated = {"mutate": {"set": {PHONE: int(first.msisdn)}}}
    named = probe.pay_accepted(situation("inline/c05-named", mutated, outcome=after(1.5)), amount=amount)
    return first, named, probe.pay_accepted(silent, amount=amount)


def start_two_of_one_phone(probe: Probe, amount: int) -> tuple[Payment, Payment] | None:
    """The customer has paid the first and looks at the prompt of the second when the first one's callback comes.

    None where the merchant does not let a customer pay for two orders at a time.
    """
    late = {**after(0.3), "callback_after_s": 1.5}
    named = probe.pay_accepted(
        situation("inline/c05-late", outcome=late, query={"in_flight": ["4999"], "for_calls": 1}), amount=amount
    )
    probe.wait("result_due", named)
    unpaid = situation("inline/c05-unpaid", outcome=after(OPEN_S, result_code=1037))
    second = probe.pay(unpaid, amount=amount, msisdn=named.msisdn)
    both = len(probe.sight.accepted(named)) == 2 and second.payment_id != named.payment_id
    return (named, second) if both else None


def expect_named_alone(probe: Probe, named: Payment, others: tuple[Payment, ...]) -> None:
    """The payment that was named is paid, or looked at by a person; the others are not paid before their own time."""
    probe.expect_callback_taken(named)
    probe.expect_state(named, (PAID, REVIEW), within_s=probe.settled_s, because="its callback names its id")
    for other in others:
        left_s = other.began_at + OPEN_S - 1.0 - time.time()
        if left_s > 0:
            because = "a callback paid an order that it does not name, of the same amount or phone"
            probe.expect_never(other, PAID, for_s=min(left_s, 4.0), because=because)


def expect_other_receipt(probe: Probe, named: Payment, other: Payment) -> None:
    """Paid in the end, the other order does not show the receipt of the one that was named."""
    status = probe.target.merchant.status
    if status is None or status.receipt is None:
        return
    receipt = probe.sight.record(named).get("receipt")
    view = probe.until(other, PAID, within_s=OPEN_S + probe.reconcile_s)
    if receipt and view.receipt == receipt:
        raise Failed(f"receipt {receipt} stands on an order that its callback does not name")
