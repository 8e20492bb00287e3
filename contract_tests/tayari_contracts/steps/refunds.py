"""Refunds: how a check asks for one, finds the requests that give money back, and how the money rule judges all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tayari_control.client import JournalIncomplete
from tayari_money.daraja_records import PAYOUT_CALLS, REVERSAL, money_sent_back, transactions_by_msisdn
from tayari_money.invariants import judge as judge_invariant
from tayari_money.payment_record import DarajaTransaction, PaymentKind, PaymentRecord

from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import Scenario, body_of
from tayari_contracts.context.findings import Failed, Unjudged, Untested, WrongCredit, say
from tayari_contracts.context.payment import FAILED, Entry, Payment
from tayari_contracts.steps.payees import NO_M_PESA
from tayari_contracts.steps.payouts import (
    REQUEST_WITHIN_S,
    answered,
    bring_results,
    originator_ids,
    require_kept,
    wait_until_idle,
)

FEW: Final = 3
"""With fewer refunds than this the run was narrowed (`--only`), so the money rule makes some of its own."""

NO_SUCH_PAYMENT: Final = "R000002"
REVERSED_BEFORE: Final = "R000001"

UNKNOWN_S: Final = 1.5
"""How long a refund is watched while its outcome is unknown; its result comes later."""


def reversal_situation(name: str, *faults: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """The content of a scenario file for the next reversal request."""
    return situation(name, *faults, when={"endpoint": REVERSAL}, **keys)


def by_payout(scenario: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same for a merchant that refunds by a payout; None: a payout has no such result.

    A reversal that cannot be made (R000002) becomes a payout to a person without M-Pesa (2040).
    """
    outcome = dict(scenario.get("outcome") or {})
    if outcome.get("result_code") == REVERSED_BEFORE:
        return None
    if outcome.get("result_code") == NO_SUCH_PAYMENT:
        outcome["result_code"] = NO_M_PESA
    changed = {"scenario": f"{scenario['scenario']}-by-payout", "when": {"endpoint": PAYOUT_CALLS[0]}}
    return {**scenario, **changed, "outcome": outcome}


def is_same_request(first: Entry, again: Entry) -> bool:
    """Whether a repeated request cannot give the money back twice: both are reversals, or payouts under one id."""
    if is_reversal(first) or is_reversal(again):
        return is_reversal(first) and is_reversal(again)
    return len(originator_ids([first, again])) == 1


def paid_payment(context: CheckContext) -> Payment:
    """Make an ordinary payment that the merchant shows as paid, with its receipt if it shows receipts.

    If a query reported it as paid, the receipt comes later, and a reversal needs it.

    Raises:
        Untested: the merchant does not show it as paid.
    """
    payment = context.actions.pay_accepted(situation("inline/to-be-refunded", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    if context.profile.takes_callbacks and context.profile.shows_receipt:
        context.time.until(lambda: context.observations.status(payment).receipt, within_s=context.time.slow_queue_s)
    return payment


def give_back(
    context: CheckContext, payment: Payment, scenario: Scenario | None = None, *, amount: int | None = None
) -> Payment:
    """Ask the merchant to refund a payment; its first reversal, or its first payout, plays `scenario`.

    `amount`: shillings, by default all. Returns the refund, whose `refund_of` is the payment.
    """
    if scenario is not None:
        context.control.play_next(scenario, msisdn=payment.msisdn)
        if isinstance(scenario, Mapping) and (twin := by_payout(scenario)) is not None:
            context.control.play_next(twin, msisdn=payment.msisdn)
    since, began_at = context.journal.now(), time.time()
    started = context.driver.start_refund(
        payment_id=payment.payment_id, msisdn=payment.msisdn, reference=payment.reference,
        amount=int(payment.amount) if amount is None else amount,
    )  # fmt: skip
    refund = replace(
        payment, started=started, since=since, began_at=began_at, kind=PaymentKind.REFUND, refund_of=payment
    )  # fmt: skip
    context.evidence.add_payment(refund, scenario)
    context.evidence.watch_since(since, endpoint=REVERSAL)
    return refund


def expect_not_reversed(context: CheckContext, other: Payment, refund: Payment) -> None:
    """Expect that the reversal of a refund does not name the receipt of another payment.

    Raises:
        WrongCredit: it does.
    """
    receipt = str(context.journal.record(other).get("receipt"))

    def wrong() -> list[Entry]:
        entries = context.journal.entries(since=refund.since, endpoint=REVERSAL, kind="request")
        return [entry for entry in entries if str(body_of(entry).get("TransactionID")) == receipt]

    context.time.until(lambda: refund_requests(context, refund) or wrong(), within_s=REQUEST_WITHIN_S)
    if wrong():
        raise WrongCredit(
            f"a refund of a payment of {refund.amount} shillings was asked for, and the reversal names {receipt}, the "
            f"receipt of somebody else's payment of {other.amount}; expected the receipt of the payment itself"
        )


def give_back_sent(context: CheckContext, payment: Payment, scenario: Scenario | None = None) -> Payment:
    """Like `give_back`, and require that a request reached Daraja.

    Raises:
        Untested: none did, or the merchant did not say which refund it is.
    """
    refund = give_back(context, payment, scenario)
    require_sent(context, refund)
    return refund


def require_sent(context: CheckContext, refund: Payment) -> None:
    """Require that a request that gives the payment back reached Daraja.

    Raises:
        Untested: none did, or the merchant did not say which refund it is.
    """
    if not context.time.until(lambda: refund_requests(context, refund), within_s=REQUEST_WITHIN_S):
        raise Untested(f"no reversal and no payout to the payer reached Daraja: {answered(refund)}")
    if refund.started.payment_id is None:
        raise Untested(f"the merchant did not say which refund it is: {answered(refund)}")


def refund_requests(context: CheckContext, refund: Payment) -> list[Entry]:
    """Every request that gives this payment back: reversals that name it, and payouts to its payer, in order."""
    assert refund.refund_of is not None
    paid = context.journal.record(refund.refund_of)
    names = {str(paid.get(key)) for key in ("receipt", "checkout_request_id", "merchant_request_id")}
    reversals = context.journal.entries(since=refund.since, endpoint=REVERSAL, kind="request")
    found = [entry for entry in reversals if str(body_of(entry).get("TransactionID")) in names]
    for call in PAYOUT_CALLS:
        found += context.journal.entries(since=refund.since, endpoint=call, kind="request", msisdn=refund.msisdn)
    return sorted(found, key=lambda entry: int(entry["seq"]))


def lost_on_the_way(context: CheckContext, refund: Payment) -> str:
    """The end of a reason if the last message about a refund did not reach the merchant; empty: it did."""
    sent = context.journal.callbacks(refund)
    if not sent or not sent[-1].get("error"):
        return ""
    url = str((sent[-1].get("request") or {}).get("url", ""))
    return f"; M-Pesa's message to {url} was not delivered: {sent[-1]['error']}"


def is_reversal(entry: Entry) -> bool:
    """Whether a request asks for a reversal, and not for a payout."""
    return bool(entry.get("endpoint") == REVERSAL)


def shillings_of(amount: object) -> float | None:
    """The Amount of a request as a number of shillings; None: it is no number."""
    try:
        return float(str(amount))
    except ValueError:
        return None


def expect_not_failed(context: CheckContext, refund: Payment, why: str) -> None:
    """Expect that the merchant does not call a refund failed before it has a result. `why`: the circumstances.

    Staff who read failed pay the money back a second time.

    Raises:
        Failed: the merchant calls it failed.
    """
    view = context.observations.until(refund, FAILED, within_s=UNKNOWN_S)
    if view.state is FAILED and not any(row["state"] == "failed" for row in _sent_back(context, refund)):
        raise Failed(f"{why}, and the refund is {say(view)}; expected pending or review, because the money may be back")


def bring_result(context: CheckContext, refund: Payment) -> None:
    """Let M-Pesa say now what it has yet to say about a refund."""
    bring_results(context, _sent_back(context, refund))


def _sent_back(context: CheckContext, refund: Payment) -> list[dict[str, Any]]:
    rows = context.control.payments(msisdn=refund.msisdn)
    return [row for row in rows if row["kind"] == REVERSAL or row["kind"] in PAYOUT_CALLS]


def judge_refunds(context: CheckContext, rule_id: str) -> None:
    """Judge all refunds of the run by one money invariant.

    Raises:
        WrongCredit: it is broken; Unjudged: part of the journal is gone; Untested: nothing put it to the test.
    """
    few = sum(len(run.refunds) for run in (context.run, *context.run.others)) < FEW
    if few and not context.run.scenarios_only:
        for scenario in ("reversal/success", "reversal/ack-lost", "reversal/result-twice"):
            give_back_sent(context, paid_payment(context), scenario)
    refunds = context.run.refunds
    is_idle = wait_until_idle(context, refunds)
    try:
        records = _records(context, refunds)
    except JournalIncomplete as error:
        raise Unjudged(str(error)) from error
    found = judge_invariant(rule_id, records)
    context.evidence.tries = len(refunds)
    require_kept(context, found, refunds, is_idle=is_idle)


def _records(context: CheckContext, refunds: tuple[Payment, ...]) -> list[PaymentRecord]:
    """The records of each payment that was to be given back, and of what was given back."""
    since = min((one.refund_of.since for one in refunds if one.refund_of is not None), default=1)
    paid = transactions_by_msisdn(context.control, since=since)
    records = []
    for reference, refund in {one.reference: one for one in refunds}.items():
        mine = _paid_for(refund, paid.get(refund.msisdn, ()))
        sent_back = money_sent_back(context.control, refund.msisdn, [row.receipt for row in mine])
        records += [
            _record(refund, tuple(mine), PaymentKind.STK_PAYMENT, reference),
            _record(refund, sent_back, PaymentKind.REFUND, refund.record_name),
        ]
    return records


def _paid_for(refund: Payment, paid: Sequence[DarajaTransaction]) -> list[DarajaTransaction]:
    """What the payer paid for this order; all that the payer paid if the merchant sends another AccountReference."""
    return [row for row in paid if row.account_reference == refund.reference] or list(paid)


def _record(
    refund: Payment, transactions: tuple[DarajaTransaction, ...], kind: PaymentKind, reference: str
) -> PaymentRecord:
    return PaymentRecord(
        reference=reference,
        ordered=float(refund.amount),
        transactions=transactions,
        kind=kind,
        refund_of=refund.reference if kind is PaymentKind.REFUND else "",
    )
