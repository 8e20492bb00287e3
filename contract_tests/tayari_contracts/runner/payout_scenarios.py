"""Scenario files of the initiator APIs as checks: payouts, reversals, and questions about a payout or the balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_money.daraja_records import PAYOUT_CALLS, REVERSAL
from tayari_money.payment_state import PaymentState

from tayari_contracts.catalogue.rules import Need
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.journal_reader import status_of
from tayari_contracts.context.payment import PAID, Entry, Payment, states_of
from tayari_contracts.steps.payouts import pay_out, pay_out_sent, payout_situation
from tayari_contracts.steps.refunds import give_back_sent, paid_payment

Document = Mapping[str, Any]

STATUS: Final = "transaction_status"
BALANCE: Final = "account_balance"
CRASH: Final = 500
SHOWN_S: Final = 1.0
"""A merchant shows what it made of an answer within this time, and asks no second question before."""
NEEDS: Final[Mapping[str, frozenset[Need]]] = {
    PAYOUT_CALLS[0]: frozenset({Need.PAYOUT, Need.PAYOUT_STATE}),
    STATUS: frozenset({Need.PAYOUT, Need.PAYOUT_STATE}),
    BALANCE: frozenset({Need.PAYOUT, Need.BALANCE}),
    REVERSAL: frozenset({Need.STATE, Need.REFUND, Need.REFUND_STATE}),
}
"""What the target file must give for a scenario of these calls."""
RUNS_S: Final = 20.0
"""How long a payout runs that is asked about meanwhile: longer than a scenario is watched."""
STOPPING: Final = frozenset({"2001", "21", "8006", "403.002.1001"})
"""After these a merchant rightly stops all payouts (P11, P12), until it is told to go on."""


def stops_payouts(document: Document) -> bool:
    """Whether a merchant stops its payouts after this scenario, so that it runs alone."""
    code = str((document.get("outcome") or {}).get("result_code", 0))
    refused = [fault["api_error"].get("error") for fault in document.get("faults") or () if "api_error" in fault]
    return bool(STOPPING & {code, *map(str, refused)})


def play(context: CheckContext, document: Document, endpoint: str) -> Payment | None:
    """The payout or refund that plays the document; None where the document is about no payment.

    Raises:
        Untested: the merchant made no such call. Failed: it crashed on the answer.
    """
    if endpoint == REVERSAL:
        return give_back_sent(context, paid_payment(context), document)
    if endpoint == STATUS:
        return _asked_about(context, document)
    if endpoint == BALANCE:
        _ask_balance(context, document)
        return None
    return pay_out(context, document)


def go_on(context: CheckContext, document: Document) -> None:
    """Let a merchant that has stopped its payouts pay again."""
    if stops_payouts(document) and (why := context.driver.resume_payouts()):
        context.evidence.notes.append(f"its payouts may still be stopped: {why}")


def _asked_about(context: CheckContext, document: Document) -> Payment:
    """A payout without result, so that the merchant asks about it: the first question plays the document.

    Where the document expects it to stay open, it does: a merchant may ask again at once.
    """
    expected = (document.get("expect") or {}).get("state", "paid")
    is_paid = PAID in states_of(map(PaymentState, [expected] if isinstance(expected, str) else expected))
    silent = payout_situation("inline/asked-about", outcome=after(0.5, callback=False) if is_paid else after(RUNS_S))
    msisdn = context.allocation.msisdn()
    context.control.play_next(document, msisdn=msisdn)
    payment = pay_out_sent(context, silent, msisdn=msisdn)
    _require_met(context, document, STATUS, payment.since)
    if _hears_result(document):
        context.time.until(lambda: _results(context, document, payment.since), within_s=context.time.settle_s)
    context.time.pause(SHOWN_S)
    return payment


def _ask_balance(context: CheckContext, document: Document) -> None:
    """The merchant asks for its balance. Whatever it hears, it does not crash, and shows what it was told."""
    since = context.journal.now()
    context.control.play_next(document, endpoint=BALANCE)
    context.driver.refresh_balance()
    try:
        _require_met(context, document, BALANCE, since)
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint=BALANCE)
    results = context.time.until(lambda: _results(context, document, since), within_s=context.time.settle_s)
    for entry in results if _hears_result(document) else ():
        status = status_of(entry)
        if status is None or status >= CRASH:
            raise Failed(f"the result was answered {status or entry.get('error')}; expected 200")
    if (document.get("expect") or {}).get("state") == "paid":
        context.time.until(lambda: context.driver.read_balance()[0] is not None, within_s=context.time.settle_s)
        shown, why = context.driver.read_balance()
        if shown is None:
            raise Failed(f"the balance was told, and staff see none: {why}")


def _hears_result(document: Document) -> bool:
    refused = any("api_error" in fault for fault in document.get("faults") or ())
    return not refused and (document.get("outcome") or {}).get("callback") is not False


def _require_met(context: CheckContext, document: Document, endpoint: str, since: int) -> None:
    def calls() -> list[Entry]:
        entries = context.journal.entries(since=since, endpoint=endpoint, kind="request")
        return [entry for entry in entries if entry.get("scenario") == document["scenario"]]

    if not context.time.until(calls, within_s=context.time.reconcile_s + context.time.settle_s):
        raise Untested(f"the fault was never met: the merchant made no call ({endpoint}) meanwhile")


def _results(context: CheckContext, document: Document, since: int) -> list[Entry]:
    entries = context.journal.entries(since=since, kind="callback")
    return [entry for entry in entries if entry.get("scenario") == document["scenario"] and entry.get("response")]
