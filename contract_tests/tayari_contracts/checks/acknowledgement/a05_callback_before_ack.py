"""A05: a callback that comes before the acknowledgement is not lost."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, say
from tayari_contracts.context.payment import PAID, Entry, Payment

HOLDS_S: Final = (1.5, 6.0)
"""A merchant that was too busy to take the callback before the shorter hold was over is given the longer one."""

CALLBACK_AT_S = 0.4
SOON_S = 3.0
"""A merchant that asks Daraja before it believes a callback asks within this time of what it was waiting for."""


@check("A05")
def keeps_an_early_callback(context: CheckContext) -> None:
    """The acknowledgement is held for a second and a half; the result comes after less than half a second."""
    for hold_s in HOLDS_S:
        payment = _called_back_early(context, hold_s)
        early = _answered_early(context, payment)
        if early:
            break
    if not early:
        context.evidence.notes.append(
            "the merchant answers a callback only when it has the acknowledgement: it waits for it"
        )
    _judge(context, payment)


def _called_back_early(context: CheckContext, hold_s: float) -> Payment:
    early = {"before_ack": {"hold_s": hold_s, "callback_at_s": CALLBACK_AT_S}}
    payment = context.actions.pay_accepted(situation("ack/callback-first", early))
    context.observations.wait("callback_answered", payment, within_s=context.time.settle_s + hold_s)
    if not context.journal.callbacks(payment):
        raise Untested("no callback was delivered, so none came before the acknowledgement")
    return payment


def _answered_early(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant was through with the callback before it could have the acknowledgement."""
    callback = context.journal.callbacks(payment)[0]
    return ended_at(callback) < _acknowledged_at(context, payment)


def ended_at(entry: Entry) -> float:
    """When the answer to a call was there, epoch seconds."""
    return float(entry["at"]) + float(entry.get("duration_s") or 0.0)


def _acknowledged_at(context: CheckContext, payment: Payment) -> float:
    pushes = context.journal.pushes(payment)
    return ended_at(pushes[-1]) if pushes else 0.0


def _judge(context: CheckContext, payment: Payment) -> None:
    """Paid once, and by the callback itself.

    Raises:
        Failed: the payment is lost. WrongCredit: it is credited more than once.
        Warned: a later query found it, so that its customer waited.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settled_s)
    answer = (context.journal.callbacks(payment)[0].get("response") or {}).get("status")
    if view.state is not PAID:
        raise Failed(
            f"the callback came before the acknowledgement and was answered {answer}; the "
            f"payment is {say(view)}, and the customer has paid"
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
    """Whether a query alone settled the payment: no query names a receipt, so the merchant has none to show.

    Where no receipts are shown, a query that came soon may have been asked to confirm the callback.
    """
    if not context.profile.shows_receipt:
        return asked_s > SOON_S
    shown = context.expectations.status_after_queue(payment).receipt
    return shown != context.journal.record(payment).get("receipt")


def _asked_after_s(context: CheckContext, payment: Payment) -> float | None:
    """How long after the acknowledgement the payment was first asked about; None: not at all."""
    queries = context.journal.queries(payment)
    return float(queries[0]["at"]) - _acknowledged_at(context, payment) if queries else None
