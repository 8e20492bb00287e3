"""A05: a callback that comes before the acknowledgement is not lost."""

from __future__ import annotations

from tayari_contracts.findings import Failed
from tayari_contracts.payment import Payment
from tayari_contracts.probe import PAID, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import situation
from tayari_contracts.wording import say

HOLD_S = 1.5
CALLBACK_AT_S = 0.4
SOON_S = 3.0
"""A merchant that asks Daraja before it believes a callback asks within this time of what it was waiting for."""


@check("A05")
def keeps_an_early_callback(probe: Probe) -> None:
    """The acknowledgement is held for a second and a half; the result comes after less than half a second."""
    early = {"before_ack": {"hold_s": HOLD_S, "callback_at_s": CALLBACK_AT_S}}
    payment = probe.pay_accepted(situation("ack/callback-first", early))
    probe.wait("callback_answered", payment, within_s=probe.settle_s)
    view = probe.until(payment, PAID, within_s=probe.settled_s)
    answered = [(entry.get("response") or {}).get("status") for entry in probe.sight.callbacks(payment)]
    if view.state is not PAID:
        raise Failed(
            f"the callback came before the acknowledgement and was answered {answered[0] if answered else None}; the "
            f"payment is {say(view)}, and the customer has paid"
        )
    if _saved_by_a_query(probe, payment) and not _knows_the_receipt(probe, payment):
        raise Failed(
            "the callback that came before the acknowledgement was dropped; only a later status query found the payment"
        )
    if probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.3, because="one callback, early")


def _knows_the_receipt(probe: Probe, payment: Payment) -> bool:
    """Whether the callback was kept after all, and waited in the merchant's queue: no query names a receipt."""
    if not probe.sees_receipt:
        return False
    return probe.after_the_queue(payment).receipt == probe.sight.record(payment).get("receipt")


def _saved_by_a_query(probe: Probe, payment: Payment) -> bool:
    """Whether the payment waited for a query long after callback and acknowledgement were both there."""
    queries = probe.sight.queries(payment)
    pushes = probe.sight.pushes(payment)
    if not queries or not pushes:
        return False
    acknowledged_at = float(pushes[-1]["at"]) + float(pushes[-1].get("duration_s") or HOLD_S)
    return float(queries[0]["at"]) > acknowledged_at + SOON_S
