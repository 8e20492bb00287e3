"""P22: a payout of nothing or less is refused before Daraja has to."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned, WrongCredit
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import PAID, SETTLED
from tayari_contracts.steps.payees import new_payee
from tayari_contracts.steps.payouts import pay_out, payout_requests, readable_balance
from tayari_contracts.steps.refunds import shillings_of

AMOUNTS: Final = (0, -50)
SENT_WITHIN_S: Final = 2.0
SETTLES_S: Final = 3.0


@check("P22")
def nothing_and_less_are_refused(context: CheckContext) -> None:
    """A payout of 0 shillings, and one of -50."""
    context.profile.require_payout_amount()
    left_to_daraja = [amount for amount in AMOUNTS if _is_sent(context, amount)]
    if left_to_daraja:
        amounts = " and ".join(map(str, left_to_daraja))
        raise Warned(
            f"payouts of {amounts} shillings were sent to Daraja, which refused them; expected a check before that"
        )


def _is_sent(context: CheckContext, amount: int) -> bool:
    """Whether a payout of this amount reached Daraja, which refused it.

    Raises:
        Failed: the merchant broke, or sent another amount. WrongCredit: it is paid, or the balance has grown.
    """
    msisdn = new_payee(context)
    before = readable_balance(context, msisdn)
    payment = pay_out(context, amount=amount, msisdn=msisdn)
    asked = f"a payout of {amount} shillings was asked for"
    if crash := crash_of(payment.started):
        raise Failed(f"{asked}: {crash}; expected a refusal in plain words")
    context.time.until(lambda: payout_requests(context, payment), within_s=SENT_WITHIN_S)
    requests = payout_requests(context, payment)
    for entry in requests:
        if shillings_of(raw := body_of(entry).get("Amount")) != amount:
            raise Failed(f"{asked}, and M-Pesa was asked to pay {raw}; expected no request")
    is_taken = payment.started.accepted and payment.started.payment_id is not None
    if is_taken and context.observations.until(payment, *SETTLED, within_s=SETTLES_S).state is PAID:
        raise WrongCredit(f"{asked}, and it is paid; expected a refusal")
    after = readable_balance(context, msisdn)
    if before is not None and after is not None and after > before:
        raise WrongCredit(
            f"{asked}, and {after:.15g} shillings can be paid out, {after - before:.15g} more than before; expected a "
            "refusal"
        )
    return bool(requests)
