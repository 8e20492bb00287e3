"""C06: the amount paid is compared with the order."""

from __future__ import annotations

from tayari_contracts.findings import Failed, Unjudged
from tayari_contracts.payment import Payment
from tayari_contracts.probe import PAID, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

ORDERED, PAID_AMOUNT = 1000, 1
AMOUNT = "Body.stkCallback.CallbackMetadata.Item[Amount].Value"


@check("C06")
def the_amount_paid_is_compared(probe: Probe) -> None:
    """The callback of an order of 1000 shillings says that 1 was paid."""
    payment = probe.pay_accepted(
        situation("inline/c06-one-shilling", {"mutate": {"set": {AMOUNT: PAID_AMOUNT}}}, outcome=after(0.5)),
        amount=ORDERED,
    )
    probe.expect_callback_taken(payment)
    view = probe.settled(payment)
    if view.state is PAID and "top_up" not in probe.target.merchant.capabilities:
        refuse_unless_it_ignores_callbacks(probe, payment)
    if probe.sees_credits:
        judge_credits(probe, payment)


def judge_credits(probe: Probe, payment: Payment) -> None:
    """At most what was paid may be credited, whatever the state is called."""
    found = probe.credits(payment)
    if (found.total if found.total is not None else found.count * ORDERED) > PAID_AMOUNT:
        refuse_unless_it_ignores_callbacks(probe, payment)


def refuse_unless_it_ignores_callbacks(probe: Probe, payment: Payment) -> None:
    """The finding, unless the merchant's callback address does not exist and the query alone settles its payments."""
    answers = [(entry.get("response") or {}).get("status") or 0 for entry in probe.sight.callbacks(payment)]
    if probe.sight.queries(payment) and all(400 <= status < 500 for status in answers):
        raise Unjudged(f"the callback was refused ({answers[-1]}), and the query that settled it names no amount")
    raise Failed(
        f"an order of {ORDERED} shillings counts as paid although the callback says {PAID_AMOUNT}; "
        "expected review, or at most what was paid to be credited"
    )
