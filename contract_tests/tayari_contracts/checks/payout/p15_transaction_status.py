"""P15: a transaction status is read for TransactionStatus, not only ResultCode."""

from __future__ import annotations

from typing import Final

from tayari_money.payment_record import PaymentState

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Finding, Inapplicable, Untested, Warned, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.payees import new_payee
from tayari_contracts.steps.payouts import pay_out_sent, payout_situation, statuses_received, transactions, watch

STATUS: Final = "transaction_status"
STILL_RUNNING_S: Final = 15.0
"""Seconds until the result of a payout that is not final while the merchant asks about it."""
SHOWS_WITHIN_S: Final = 3.0
"""The merchant shows within this time what it made of an answer."""
LOOKED_BEFORE_S: Final = 1.0
NOT_FOUND: Final = "status/not-found"
RECEIPT_UNKNOWN: Final = 2033
WHY_NOT_FOUND: Final = "a transaction status query was answered with ResultCode 2033 (no such transaction yet)"


@check("P15")
def a_status_query_is_read_for_its_status(context: CheckContext) -> None:
    """Three payouts get no result, so the merchant asks: one has failed, one is running, and one is not found."""
    played = {
        "Failed": pay_out_sent(
            context, payout_situation("inline/p15-failed", outcome=after(0.5, result_code=1, callback=False))
        ),
        "Initiated": pay_out_sent(context, payout_situation("inline/p15-running", outcome=after(STILL_RUNNING_S))),
    }
    _expect_not_found_decides_nothing(context)
    states = {status: _state_after(context, payment, status) for status, payment in played.items()}
    context.evidence.watch_since(min(payment.since for payment in played.values()), endpoint=STATUS)
    if states["Failed"] is None:
        raise _never_asked(context)
    if states["Failed"] not in (FAILED, REVIEW):
        raise Warned(
            f"a transaction status said Failed, and the payout is {states['Failed']}; expected failed or review"
        )
    if states["Initiated"] is None:
        context.evidence.notes.append("the merchant asked about no payout that was still running")


def _expect_not_found_decides_nothing(context: CheckContext) -> None:
    """Expect that 2033 (no such transaction) as answer about a running payout decides nothing.

    Raises:
        Failed: the payout is shown as failed, or paid. WrongCredit: it is sent under another id.
    """
    msisdn = new_payee(context)
    context.control.play_next(NOT_FOUND, msisdn=msisdn)
    running = payout_situation("inline/p15-not-found", outcome=after(STILL_RUNNING_S))
    payment = pay_out_sent(context, running, msisdn=msisdn)

    def is_answered() -> bool:
        entries = context.journal.entries(since=payment.since, kind="callback")
        return any((body_of(entry).get("Result") or {}).get("ResultCode") == RECEIPT_UNKNOWN for entry in entries)

    if not context.time.until(is_answered, within_s=STILL_RUNNING_S - SHOWS_WITHIN_S):
        context.evidence.notes.append("the merchant asked about no payout that M-Pesa does not find")
        return
    watch(context, payment, for_s=SHOWS_WITHIN_S - LOOKED_BEFORE_S, why=WHY_NOT_FOUND, unpaid=True)


def _state_after(context: CheckContext, payment: Payment, status: str) -> PaymentState | None:
    """The payout's state after an answer with this TransactionStatus; None: no such answer came.

    Raises:
        Failed: it was paid, though M-Pesa has not paid it.
    """
    within_s = context.time.reconcile_s + GRACE_S
    if not context.time.until(lambda: status in statuses_received(context, payment), within_s=within_s):
        return None
    view = context.observations.until(payment, PAID, FAILED, REVIEW, within_s=SHOWS_WITHIN_S)
    if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
        raise Failed(
            f"a transaction status query was answered with ResultCode 0 and TransactionStatus {status}, and the payout "
            f"is {say(view)}; expected TransactionStatus to decide: ResultCode says only that the query worked"
        )
    return view.state


def _never_asked(context: CheckContext) -> Finding:
    if context.journal.entries(since=1, endpoint=STATUS, kind="request", limit=1):
        return Untested(f"no status query came within {context.time.reconcile_s:g} s for a payout without result")
    return Inapplicable("the merchant asks M-Pesa for no transaction status, so it reads none")
