"""C05: a callback belongs to the payment whose CheckoutRequestID it names, whatever phone and amount it carries."""

from __future__ import annotations

from tayari_contracts.findings import Failed
from tayari_contracts.payment import Payment
from tayari_contracts.probe import PAID, REVIEW, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

PHONE = "Body.stkCallback.CallbackMetadata.Item[PhoneNumber].Value"
STILL_OPEN_S = 8.0


@check("C05")
def a_callback_pays_the_payment_it_names(probe: Probe) -> None:
    """Three open orders of one amount; the callback of the middle one carries the phone number of the first.

    The others succeed later and send no callback, so that a receipt that was put on the wrong order shows.
    """
    amount = probe.allocation.amount()
    silent = situation("inline/c05-open", outcome=after(STILL_OPEN_S, callback=False))
    first = probe.pay_accepted(silent, amount=amount)
    named = probe.pay_accepted(
        situation("inline/c05-named", {"mutate": {"set": {PHONE: int(first.msisdn)}}}, outcome=after(1.5)),
        amount=amount,
    )
    last = probe.pay_accepted(silent, amount=amount)

    probe.expect_callback_taken(named)
    probe.expect_state(named, (PAID, REVIEW), within_s=probe.settled_s, because="the callback names it")
    for other in (first, last):
        expect_open(probe, other)
    if probe.target.merchant.status is not None and probe.target.merchant.status.receipt is not None:
        expect_own_receipt(probe, named, (first, last))


def expect_open(probe: Probe, other: Payment) -> None:
    """Nothing has happened to it unless its own time has come."""
    record = probe.sight.record(other)
    view = probe.status(other)
    if view.state is PAID and record.get("result_code") is None:
        raise Failed("a callback paid another order of the same amount; expected only the order it names by id")


def expect_own_receipt(probe: Probe, named: Payment, others: tuple[Payment, ...]) -> None:
    """The receipt of the payment that was named stands on no other order."""
    receipt = probe.sight.record(named).get("receipt")
    for other in others:
        view = probe.until(other, PAID, within_s=STILL_OPEN_S + probe.reconcile_s)
        if receipt and view.receipt == receipt:
            raise Failed(f"receipt {receipt} stands on an order that its callback does not name")
