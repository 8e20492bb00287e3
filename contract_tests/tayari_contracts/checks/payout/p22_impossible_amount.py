"""P22: a payout that M-Pesa cannot make is refused before Daraja has to: of nothing or less, of cents, of too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned, WrongCredit
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import PAID, SETTLED, Payment
from tayari_contracts.steps.payees import new_payee, pays_businesses
from tayari_contracts.steps.payouts import pay_out, payout_requests, readable_balance, transactions
from tayari_contracts.steps.refunds import shillings_of
from tayari_contracts.steps.timed_acts import side_by_side

NOTHING: Final = (0, -50)
CENTS: Final = 100.75
TOO_MUCH: Final = 250_001
"""Shillings beyond what M-Pesa pays a person at once. Source: reference 3.4."""
SENT_WITHIN_S: Final = 2.0
SETTLES_S: Final = 3.0


@check("P22")
def impossible_amounts_are_refused(context: CheckContext) -> None:
    """A payout of 0 shillings, and one of -50; then one with cents, and one of more than M-Pesa pays at once."""
    context.profile.require_payout_amount()
    left_to_daraja = [amount for amount in NOTHING if _is_sent(context, amount)]
    odd = (CENTS,) if pays_businesses(context) else (CENTS, TOO_MUCH)
    said = [text for text in side_by_side(context, odd, lambda amount: _said_of_odd(context, amount)).values() if text]
    if left_to_daraja:
        amounts = " and ".join(map(str, left_to_daraja))
        said.append(
            f"payouts of {amounts} shillings were sent to Daraja, which refused them; expected a check before that"
        )
    if said:
        raise Warned("; ".join(said))


def _is_sent(context: CheckContext, amount: int) -> bool:
    """Whether a payout of this amount reached Daraja, which refused it.

    Raises:
        Failed: the merchant broke, or sent another amount. WrongCredit: it is paid, or the balance has grown.
    """
    msisdn = new_payee(context)
    before = readable_balance(context, msisdn)
    payment, amounts = _sent(context, amount, msisdn)
    asked = _asked_for(amount)
    if wrong := [sent for sent in amounts if sent != amount]:
        raise Failed(f"{asked}, and M-Pesa was asked to pay {wrong[0]}; expected no request")
    if _view_of_taken(context, payment) is PAID:
        raise WrongCredit(f"{asked}, and it is paid; expected a refusal")
    after = readable_balance(context, msisdn)
    if before is not None and after is not None and after > before:
        raise WrongCredit(
            f"{asked}, and {after:.15g} shillings can be paid out, {after - before:.15g} more than before; expected a "
            "refusal"
        )
    return bool(amounts)


def _said_of_odd(context: CheckContext, amount: float) -> str:
    """What is said of a payout with cents, or of too much; empty: it was refused, or paid in full, in several.

    Raises:
        Failed: the merchant broke. WrongCredit: it is paid, and M-Pesa paid less, by a shilling or more.
    """
    payment, amounts = _sent(context, amount, new_payee(context))
    asked = _asked_for(amount)
    if _view_of_taken(context, payment) is PAID:
        paid = sum(float(row["amount"]) for row in transactions(context, payment) if row["state"] == "paid")
        if amount - paid >= 1:
            raise WrongCredit(f"{asked}, M-Pesa paid {paid:.15g}, and it is paid; expected a refusal, or all of it")
        if paid != amount:
            return f"{asked}, M-Pesa paid {paid:.15g}, and it is paid; expected a refusal, or what is paid to be shown"
    if amount in amounts:
        return f"{asked}, and was sent to Daraja, which refused it; expected a check before that"
    return ""


def _sent(context: CheckContext, amount: float, msisdn: str) -> tuple[Payment, Sequence[float | str]]:
    """A payout of this amount, and the amounts that Daraja was asked to pay for it.

    Raises:
        Failed: the merchant broke.
    """
    payment = pay_out(context, amount=amount, msisdn=msisdn)
    if crash := crash_of(payment.started):
        raise Failed(f"{_asked_for(amount)}: {crash}; expected a refusal in plain words")
    context.time.until(lambda: payout_requests(context, payment), within_s=SENT_WITHIN_S)
    written = [body_of(entry).get("Amount") for entry in payout_requests(context, payment)]
    return payment, [str(raw) if (sent := shillings_of(raw)) is None else sent for raw in written]


def _view_of_taken(context: CheckContext, payment: Payment) -> object:
    """The state of a payout that the merchant took, once it is settled, or after a while; None: it was refused."""
    if not payment.started.accepted or payment.started.payment_id is None:
        return None
    return context.observations.until(payment, *SETTLED, within_s=SETTLES_S).state


def _asked_for(amount: float) -> str:
    return f"a payout of {amount:.15g} shillings was asked for"
