"""A05: a callback that comes before the acknowledgement is not lost."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, say
from tayari_contracts.context.payment import PAID, Entry, Payment

HOLDS_S: Final = (1.5, 6.0)
"""Seconds that the acknowledgement is held; the longer time is for a merchant too busy to take the callback before."""

CALLBACK_AT_S = 0.4
"""Seconds after the push."""
SOON_S = 3.0
"""A merchant that confirms a callback by a query sends it within this time after the acknowledgement."""


@check("A05")
def keeps_an_early_callback(context: CheckContext) -> None:
    """The acknowledgement is held for 1.5 s, and the callback comes after 0.4 s."""
    for hold_s in HOLDS_S:
        payment = _called_back_early(context, hold_s)
        early = _answered_early(context, payment)
        if early:
            break
    if not early:
        context.evidence.notes.append("the merchant answers a callback only when it has the acknowledgement")
    _judge(context, payment)


def _called_back_early(context: CheckContext, hold_s: float) -> Payment:
    early = {"before_ack": {"hold_s": hold_s, "callback_at_s": CALLBACK_AT_S}}
    payment = context.actions.pay_accepted(situation("inline/ack-callback-first", early))
    context.observations.wait("callback_answered", payment, within_s=context.time.settle_s + hold_s)
    if not context.journal.callbacks(payment):
        raise Untested("no callback was delivered, so none came before the acknowledgement")
    return payment


def _answered_early(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant answered the callback before it could have the acknowledgement."""
    callback = context.journal.callbacks(payment)[0]
    return ended_at(callback) < _acknowledged_at(context, payment)


def ended_at(entry: Entry) -> float:
    """When a call was answered, epoch seconds."""
    return float(entry["at"]) + float(entry.get("duration_s") or 0.0)


def _acknowledged_at(context: CheckContext, payment: Payment) -> float:
    pushes = context.journal.pushes(payment)
    return ended_at(pushes[-1]) if pushes else 0.0


def _judge(context: CheckContext, payment: Payment) -> None:
    """Expect that the payment is paid once, by the callback itself.

    Raises:
        Failed: the payment is lost. WrongCredit: it is credited more than once.
        Warned: a later query settled it, so its customer waited.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settled_s)
    answer = (context.journal.callbacks(payment)[0].get("response") or {}).get("status")
    if view.state is not PAID:
        raise Failed(
            f"the callback came before the acknowledgement and was answered {answer}; the "
            f"payment is {say(view)}, and the customer has paid; expected paid"
        )
    context.expectations.credits(payment, 1, quiet_s=0.3, because="one callback, early")
    asked_s = _asked_after_s(context, payment)
    if asked_s is not None and _is_dropped(context, payment, asked_s):
        raise Warned(
            f"the callback that came before the acknowledgement was dropped as unknown (answered {answer}); a status "
            f"query {max(0.0, asked_s):.0f} s later found the payment, within what the merchant promises, and without "
            "a receipt; expected the callback to be kept"
        )


def _is_dropped(context: CheckContext, payment: Payment, asked_s: float) -> bool:
    """Whether a query alone settled the payment, so that the merchant has no receipt.

    If the merchant shows no receipts, a query that came soon may have confirmed the callback.
    """
    if not context.profile.shows_receipt:
        return asked_s > SOON_S
    shown = context.expectations.status_after_queue(payment).receipt
    return shown != context.journal.record(payment).get("receipt")


def _asked_after_s(context: CheckContext, payment: Payment) -> float | None:
    """Seconds from the acknowledgement to the first query about the payment; None: there was none."""
    queries = context.journal.queries(payment)
    return float(queries[0]["at"]) - _acknowledged_at(context, payment) if queries else None
