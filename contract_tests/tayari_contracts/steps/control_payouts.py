"""The ordinary payouts that payout rules stand on: a success, a failure, and one of which no result comes."""

from __future__ import annotations

from typing import Final

from tayari_reports.model import NotTested

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.payouts import (
    REQUEST_WITHIN_S,
    answered,
    expect_one_id,
    expect_results_taken,
    originator_ids,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    refused_credentials,
    require_readable,
    transactions,
)

RESULT_S: Final = 2.0
"""When the result of the ordinary success comes: late enough to see what the acknowledgement did."""
WATCHED_S: Final = 8.0
"""Longer than the first pauses of a retry."""
LONGEST_WATCHED_S: Final = 30.0


def ordinary_payout(context: CheckContext) -> None:
    """A payout succeeds and another one fails, as their results say: the first is paid, the second is not.

    Raises:
        Failed: one did not end so. Untested: the credential was refused, or the acknowledgement was taken for the
        result; that is a matter of P01, or of P07.
    """
    paid = pay_out(context, payout_situation("inline/control-payout", outcome=after(RESULT_S)))
    refused = pay_out(context, "payout/recipient-unregistered")
    for payment in (paid, refused):
        _require_sent(context, payment)
    shows_state = context.target.merchant.payout is not None and context.target.merchant.payout.status is not None
    if shows_state:
        _require_no_early_end(context, paid)
    for payment in (paid, refused):
        expect_results_taken(context, payment)
    _require_credential(context)
    if not shows_state:
        return
    for payment, wanted, what in (
        (paid, (PAID,), "an ordinary payout succeeded"),
        (refused, (FAILED, REVIEW), "an ordinary payout failed (2040, the receiver has no M-Pesa)"),
    ):
        view = context.observations.until(payment, wanted, within_s=context.time.settled_s)
        require_readable(view)
        if view.state not in wanted:
            raise Failed(f"{what}, and it is {say(view)}; expected {' or '.join(wanted)}")


def _require_sent(context: CheckContext, payment: Payment) -> None:
    context.time.until(
        lambda: payout_requests(context, payment) or refused_credentials(context), within_s=REQUEST_WITHIN_S
    )
    requests = payout_requests(context, payment)
    if not requests:
        _require_credential(context)
        raise Failed(f"an ordinary payout could not be started: no request reached Daraja; {answered(payment)}")
    if not transactions(context, payment):
        answer = requests[0].get("response") or {}
        raise Failed(f"Daraja refused an ordinary payout ({answer.get('status')}): {str(answer.get('body'))[:200]}")


def _require_credential(context: CheckContext) -> None:
    found = refused_credentials(context)
    if found:
        reason = f"blocked by P01: M-Pesa refused the credential of an ordinary payout ({found[0]['result_code']})"
        raise Untested(reason, why=NotTested.BLOCKED)


def _require_no_early_end(context: CheckContext, payment: Payment) -> None:
    """Before the result, the payout is not paid."""
    view = context.observations.until(payment, PAID, within_s=RESULT_S / 2)
    if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
        reason = f"blocked by P07: an ordinary payout was acknowledged, no result has come, and it is {say(view)}"
        raise Untested(reason, why=NotTested.BLOCKED)


def silent_payout(context: CheckContext) -> None:
    """A payout is accepted and made, and no result comes: it is not sent again under another id.

    Raises:
        WrongCredit: it is.
    """
    payment = pay_out_sent(context, payout_situation("inline/control-silent", outcome=after(0.5, callback=False)))
    watched_s = min(LONGEST_WATCHED_S, max(WATCHED_S, context.time.reconcile_s))
    context.time.until(lambda: is_sent_again(context, payment), within_s=watched_s)
    expect_one_id(context, payment, "no result came")


def is_sent_again(context: CheckContext, payment: Payment) -> bool:
    """Whether a payout was sent under more than one id."""
    return len(originator_ids(payout_requests(context, payment))) > 1
