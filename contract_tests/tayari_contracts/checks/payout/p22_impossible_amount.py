"""P22: a payout that M-Pesa cannot make is refused before Daraja has to: of nothing or less, of cents, of too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested, Warned, WrongCredit
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import PAID, SETTLED, Payment
from tayari_contracts.steps.payees import new_payee, pays_businesses
from tayari_contracts.steps.payouts import REQUEST_WITHIN_S, pay_out, payout_requests, readable_balance, transactions
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
    left_to_daraja = " and ".join(str(amount) for amount in NOTHING if _is_sent(context, amount))
    said = []
    if left_to_daraja:
        said.append(
            f"payouts of {left_to_daraja} shillings were sent to Daraja, which refused them; expected a check before "
            "that"
        )
    odd = (CENTS,) if pays_businesses(context) else (CENTS, TOO_MUCH)
    try:
        said += side_by_side(context, odd, lambda amount: _said_of_odd(context, amount)).values()
    except Untested:
        if not said:
            raise
    if any(said):
        raise Warned("; ".join(filter(None, said)))


def _is_sent(context: CheckContext, amount: int) -> bool:
    """Whether a payout of this amount reached Daraja, which refused it.

    Raises:
        Failed: the merchant broke, or sent another amount. WrongCredit: it is paid, or the balance has grown.
    """
    msisdn = new_payee(context)
    before = readable_balance(context, msisdn)
    payment = _pay_out(context, amount, msisdn)
    amounts, asked = _sent(context, payment), _asked_for(amount)
    if wrong := [sent for sent in amounts if sent != amount]:
        raise Failed(f"{asked}, and M-Pesa was asked to pay {wrong[0]}; expected no request")
    if _view_of_taken(context, payment, within_s=SETTLES_S) is PAID:
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
        Failed: the merchant broke. WrongCredit: M-Pesa paid another sum, by a shilling or more, and it is paid.
    """
    payment = _pay_out(context, amount, new_payee(context))
    context.run.leave_out(payment.reference)  # it may be paid in parts, which are one payout for no money rule
    asked, is_changed = _asked_for(amount), any(sent != amount for sent in _sent(context, payment))
    if _view_of_taken(context, payment, within_s=context.time.settled_s if is_changed else SETTLES_S) is PAID:
        paid = sum(float(row["amount"]) for row in transactions(context, payment) if row["state"] == "paid")
        if abs(amount - paid) >= 1:
            raise WrongCredit(f"{asked}, M-Pesa paid {paid:.15g}, and it is paid; expected a refusal, or all of it")
        if paid != amount:
            return f"{asked}, M-Pesa paid {paid:.15g}, and it is paid; expected a refusal, or what is paid to be shown"
    if amount in _sent(context, payment):
        return f"{asked}, and was sent to Daraja, which refused it; expected a check before that"
    return ""


def _pay_out(context: CheckContext, amount: float, msisdn: str) -> Payment:
    """Ask for a payout of this amount, and wait for its request, or until the merchant has refused it.

    Raises:
        Failed: the merchant broke.
    """
    payment = pay_out(context, amount=amount, msisdn=msisdn)
    if crash := crash_of(payment.started):
        raise Failed(f"{_asked_for(amount)}: {crash}; expected a refusal in plain words")
    is_taken = _is_taken(payment)

    def is_decided() -> bool:
        return bool(payout_requests(context, payment)) or (
            is_taken and context.observations.status(payment).state in SETTLED
        )

    context.time.until(is_decided, within_s=REQUEST_WITHIN_S if is_taken else SENT_WITHIN_S)
    return payment


def _sent(context: CheckContext, payment: Payment) -> Sequence[float | str]:
    """The amounts that Daraja was asked to pay for a payout."""
    written = [body_of(entry).get("Amount") for entry in payout_requests(context, payment)]
    return [str(raw) if (sent := shillings_of(raw)) is None else sent for raw in written]


def _view_of_taken(context: CheckContext, payment: Payment, *, within_s: float) -> object:
    """The state of a payout that the merchant took, once it is settled, or after a while; None: it was refused."""
    return context.observations.until(payment, *SETTLED, within_s=within_s).state if _is_taken(payment) else None


def _is_taken(payment: Payment) -> bool:
    return payment.started.accepted and payment.started.payment_id is not None


def _asked_for(amount: float) -> str:
    return f"a payout of {amount:.15g} shillings was asked for"
