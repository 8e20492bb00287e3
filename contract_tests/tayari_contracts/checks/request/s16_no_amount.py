"""S16: an order of nothing or less is refused before Daraja has to."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned, WrongCredit
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import PAID
from tayari_contracts.steps.pushes import amount_of, calm_pushes, order

TOTALS: Final = (0, -50)
SETTLES_S: Final = 2.0


@check("S16")
def refuses_nothing_and_less(context: CheckContext) -> None:
    """An order of 0 shillings, and one of -50."""
    context.profile.require_placeholder("amount")
    left_to_daraja = [total for total in TOTALS if _is_pushed(context, total)]
    if left_to_daraja:
        totals = " and ".join(map(str, left_to_daraja))
        raise Warned(
            f"orders of {totals} shillings were sent to Daraja, which refused them; expected a check before that"
        )


def _is_pushed(context: CheckContext, total: int) -> bool:
    """Whether an order of this total reached Daraja, which refused it.

    Raises:
        Failed: the merchant broke, pushed another amount, or Daraja accepted it. WrongCredit: the order is paid.
    """
    payment = order(context, amount=total)
    if crash := crash_of(payment.started):
        raise Failed(f"an order of {total} shillings: {crash}; expected a refusal in plain words")
    pushes = calm_pushes(context, payment, calm_s=0.5, within_s=2.0)
    for push in pushes:
        raw = body_of(push).get("Amount")
        if amount_of(raw) != total:
            raise Failed(f"an order of {total} shillings was pushed with Amount {raw}; expected no push")
    is_seen = payment.started.accepted and context.profile.shows_state and payment.started.payment_id is not None
    if is_seen and context.observations.until(payment, PAID, within_s=SETTLES_S).state is PAID:
        raise WrongCredit(f"an order of {total} shillings is paid, and nobody paid anything; expected a refusal")
    if context.journal.accepted(payment):
        raise Failed(f"an order of {total} shillings was pushed, and a customer is asked for it; expected no push")
    return bool(pushes)
