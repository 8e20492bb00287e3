"""The reconciliation at the end of a run: every order is looked at once more, and compared with Daraja's journal."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from tayari_control.client import ControlError, JournalIncomplete
from tayari_money.daraja_records import C2B, c2b_payments, transactions_by_msisdn
from tayari_money.invariants import is_unsettled
from tayari_money.invariants import judge as judge_invariant
from tayari_money.payment_record import DarajaTransaction, Observation, PaymentKind, PaymentRecord

from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import SENT, status_of
from tayari_contracts.context.findings import Failed, Finding, Missing, Unjudged, Untested, key_missing, unknown_word
from tayari_contracts.context.payment import FAILED, NOT_SEEN, PAID, PENDING, REVIEW, Credits, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.c2b_payments import c2b_situation, confirm_again, is_decided, pay_in

FEW: Final = 5
"""With fewer orders than this the run was narrowed (`--only`), so `judge` makes some payments of its own."""

REPEATED: Final = 4
"""So many of the oldest payments get their message again: the merchant treats all in the same way."""

UNSETTLED: Final = "M05"
"""The invariant that is broken if something does not happen in time."""

GRACE_S: Final = 3.0
LOOK_EVERY_S: Final = 0.5


def judge(context: CheckContext, rule_id: str) -> None:
    """Judge the payments of the whole run by one money invariant.

    Raises:
        Failed: it is broken; Missing: M05 is. Unjudged: part of the journal is gone.
        Untested: Daraja accepted no order, or nothing put the invariant to the test.
    """
    records = records_of_run(context)
    if not any(record.transactions for record in records):
        raise Untested("no order of this run was accepted by Daraja, so there is no money to account for")
    found = judge_invariant(rule_id, records)
    context.evidence.tries = found.judged
    if found.violations:
        broken = {one.reference for one in found.violations[:3]}
        for reference in broken & set(context.run.orders):
            context.evidence.cite(*context.run.orders[reference])
        if rule_id == UNSETTLED and (silent := context.run.silence.payment) and silent.reference in context.run.orders:
            context.evidence.cite(silent)
        context.evidence.cite(*(one for one in context.run.c2b_payments if broken & {one.payment_id, one.record_name}))
        raise (Missing if rule_id == UNSETTLED else Failed)(found.sentence)
    require_precondition(context, rule_id, records, found.not_met)


def require_precondition(context: CheckContext, rule_id: str, records: Sequence[PaymentRecord], not_met: str) -> None:
    """Require that something put an invariant to the test that is not broken. `not_met`: what did not; or empty.

    Raises:
        Untested: nothing did, or it could not be seen.
    """
    if rule_id != "M01" and (word := context.run.unknown_word):
        raise unknown_word(word)
    proven_by_queries = (
        rule_id == "M01" and not context.profile.takes_callbacks and any(record.credited for record in records)
    )
    if not not_met or proven_by_queries:
        return
    if rule_id == "M04" and any(record.credited for record in records):
        raise key_missing("how many shillings were credited cannot be seen", "merchant.ledger.total")
    raise Untested(f"{not_met}, so this invariant was not put to the test")


def records_of_run(context: CheckContext) -> tuple[PaymentRecord, ...]:
    """The records of all orders that can be identified, made once in a run.

    Before that, orders that were paid get the promised time to be settled.
    """
    if context.run.records is None:
        takes_payments = context.target.merchant.takes_payments
        runs = (context.run, *context.run.others)
        few = sum(len(run.orders if takes_payments else run.c2b_payments) for run in runs) < FEW
        if few and not context.run.scenarios_only:
            (make_payments if takes_payments else make_c2b_payments)(context)
        repeat_messages(context)
        context.run.records = close(context)
    return context.run.records


def make_payments(context: CheckContext) -> None:
    """Make one payment of each kind.

    They are paid, called back three times, cancelled, contradicted late, approved late, without callback, and without
    acknowledgement.
    """
    once, twice, cancelled, contradicted, approved_late, silent, lost = (
        context.actions.pay(situation("inline/money-paid", outcome=after(0.5))),
        context.actions.pay(
            situation("inline/money-repeated", {"duplicate": {"count": 3, "gap_s": 0.5}}, outcome=after(0.5))
        ),
        context.actions.pay(situation("inline/money-cancelled", outcome=after(1.0, result_code=1032))),
        context.actions.pay(situation("inline/money-contradicted", outcome=after(0.5))),
        context.actions.pay(
            situation(
                "inline/money-late", outcome=after(0.5, result_code=1037), then=[{"result_code": 0, "after_s": 3.0}]
            )
        ),
        context.actions.pay(situation("inline/money-silent", outcome=after(1.0, callback=False))),
        context.actions.pay(situation("inline/money-ack-lost", {"ack_lost": {"status": 504}}, outcome=after(2.0))),
    )
    for payment in (once, twice, cancelled, contradicted, approved_late, silent, lost):
        context.observations.status(payment)
    if context.observations.until(contradicted, PAID).state is PAID:
        context.actions.send_callback(contradicted, result_code=1037)
    context.observations.wait("callback_answered", approved_late, count=2)
    context.observations.until(cancelled, FAILED, REVIEW)


def make_c2b_payments(context: CheckContext) -> None:
    """The same for a merchant with C2B payments alone: confirmed, confirmed three times, and not made."""
    not_made = situation("inline/money-c2b-not-made", when={"endpoint": C2B}, outcome=after(0.5, result_code=1))
    once, repeated, unpaid = (
        pay_in(context),
        pay_in(context, c2b_situation("inline/money-c2b-repeated", {"duplicate": {"count": 3, "gap_s": 0.5}})),
        pay_in(context, not_made),
    )
    for payment in (once, repeated, unpaid):
        context.observations.status(payment)
    context.observations.wait("callback_answered", repeated, count=3)
    context.observations.until(once, PAID)
    context.time.until(lambda: is_decided(context, unpaid), within_s=context.time.settle_s)


def repeat_messages(context: CheckContext) -> None:
    """Send the messages of the oldest paid payments again: a merchant that forgot them credits them again.

    So does one that credited, crashed on the callback, and released its lock. Payments with such a crash get their
    message again as well.
    """
    if not context.profile.takes_callbacks:
        return
    attempts = [last_taken(payments) for payments in context.run.orders.values()]
    crashed = crashed_on(context, attempts)
    for payment in (*_oldest_paid(context, attempts), *_oldest_paid(context, crashed)):
        if context.journal.checkout_request_id(payment) is None:
            continue  # Daraja accepted no push for it, although the merchant shows it as paid: it has no message
        try:
            context.actions.send_callback(payment)
        except ControlError as refused:
            if refused.code != "no_result":  # the merchant shows it as paid before Daraja has decided
                raise
    for payment in _oldest_paid(context, context.run.c2b_payments):
        confirm_again(context, payment)
    with contextlib.suppress(Finding):
        if context.run.orders:
            context.expectations.status_after_queue(last_taken(next(iter(context.run.orders.values()))))


def crashed_on(context: CheckContext, payments: Sequence[Payment]) -> list[Payment]:
    """Those of these payments with a callback that the merchant answered with 500 or above."""
    since = min((payment.since for payment in payments), default=1)
    sent = (entry for kind in SENT for entry in context.control.journal_entries(since=since, kind=kind))
    payers = {entry.get("msisdn") for entry in sent if (status_of(entry) or 0) >= CRASH}
    return [payment for payment in payments if payment.msisdn in payers] if payers else []


def _oldest_paid(context: CheckContext, payments: Iterable[Payment]) -> list[Payment]:
    """The first `REPEATED` of these payments that the merchant took and shows as paid."""
    taken = (payment for payment in payments if payment.started.accepted and payment.refund_of is None)
    paid = (payment for payment in taken if context.observations.status(payment).state is PAID)
    return list(islice(paid, REPEATED))


def close(context: CheckContext) -> tuple[PaymentRecord, ...]:
    """Look at every order until all paid ones are settled, or the merchant's own time for it is over.

    In between only the unsettled orders are looked at: each look costs the merchant two calls.
    """
    while True:
        records = look_at_all(context)
        owing = owing_of(context, records)
        if not owing:
            return records
        while owing:
            context.time.pause(LOOK_EVERY_S)
            owing = owing_of(context, look_at_all(context, only=owing))


def owing_of(context: CheckContext, records: Iterable[PaymentRecord]) -> frozenset[str]:
    """The references of orders that are not settled and still have time for it; none once the run's time is over."""
    grace_s = context.time.patience_s + GRACE_S + 2 * context.run.overload.watch.lost_s
    now = time.time()
    owing = (record for record in records if is_unsettled(record) or record.state is PENDING)
    found = frozenset(row.reference for row in owing if any(one.due_at + grace_s > now for one in row.completed))
    return found if context.time.remains else frozenset()


def look_at_all(context: CheckContext, *, only: Collection[str] = ()) -> tuple[PaymentRecord, ...]:
    """Look at each order, and then at Daraja, so that Daraja has reported all that the merchant shows.

    `only`: the orders with these references, and all C2B payments. Orders that were refunded are left to M08: their
    state and credits may rightly go back.

    Raises:
        Unjudged: the journal does not reach back to the beginning.
    """
    refunded = {refund.reference for refund in context.run.refunds}
    run = {reference: paid for reference, paid in context.run.orders.items() if reference not in refunded}
    orders = {reference: paid for reference, paid in run.items() if not only or reference in only}
    last = {reference: attempt_shown(context, payments) for reference, payments in orders.items()}
    receipts = {
        reference: context.observations.status(payment).receipt
        for reference, payment in last.items()
        if context.profile.shows_state
    }
    credits = {reference: credits_of(context, payment) for reference, payment in last.items()}
    try:
        transactions = transactions_by_msisdn(
            context.control,
            since=min((payments[0].since for payments in run.values()), default=1),
            forged=context.run.forged,
            takes_callbacks=context.profile.takes_callbacks,
        )
    except JournalIncomplete as error:
        raise Unjudged(str(error)) from error
    shared = payers_of_several(run)
    records = []
    for reference, payments in orders.items():
        mine = transactions_of(payments, transactions.get(payments[0].msisdn, ()), shared=payments[0].msisdn in shared)
        if mine is not None:
            seen, several = receipts.get(reference), len(payments) > 1
            records.append(
                record_of(context, last[reference], mine, credits[reference], receipt=seen, several_attempts=several)
            )
    return (*records, *c2b_records(context))


def last_taken(payments: Sequence[Payment]) -> Payment:
    """The last attempt that the merchant took, or the last of all: a second click may have been refused."""
    return next((payment for payment in reversed(payments) if payment.started.accepted), payments[-1])


def attempt_shown(context: CheckContext, payments: Sequence[Payment]) -> Payment:
    """The attempt that shows the state of an order: the last one that the merchant took.

    If that one failed and nobody paid it, an earlier one that is paid shows the state.
    """
    last = last_taken(payments)
    earlier = [one for one in payments if one.started.accepted and one.payment_id != last.payment_id]
    if not earlier or not context.profile.shows_state or context.observations.status(last).state is not FAILED:
        return last
    if context.journal.record(last).get("state") == "paid":
        return last
    return next((one for one in reversed(earlier) if context.observations.status(one).state is PAID), last)


def payers_of_several(orders: Mapping[str, Sequence[Payment]]) -> frozenset[str]:
    """Customers who paid for more than one order."""
    references: dict[str, set[str]] = defaultdict(set)
    for reference, payments in orders.items():
        for payment in payments:
            references[payment.msisdn].add(reference)
    return frozenset(msisdn for msisdn, found in references.items() if len(found) > 1)


def transactions_of(
    payments: Sequence[Payment], transactions: Sequence[DarajaTransaction], *, shared: bool
) -> tuple[DarajaTransaction, ...] | None:
    """The transactions of one order; None if its customer paid for several and they cannot be distinguished."""
    if not shared:
        return tuple(transactions)
    reference = payments[0].reference
    if all(one.account_reference != reference for one in transactions):
        return None
    return tuple(one for one in transactions if one.account_reference == reference)


def credits_of(context: CheckContext, payment: Payment) -> Credits:
    """What was credited for an order, or to a C2B account since before this payment."""
    is_order = payment.kind is not PaymentKind.C2B_PAYMENT
    if is_order and not (context.profile.shows_credits and payment.started.accepted):
        return NOT_SEEN
    with contextlib.suppress(Unjudged):
        return context.observations.credits(payment)
    return NOT_SEEN


def record_of(
    context: CheckContext,
    payment: Payment,
    transactions: tuple[DarajaTransaction, ...],
    credits: Credits,
    *,
    receipt: str | None,
    several_attempts: bool,
) -> PaymentRecord:
    """The record of one order from both sides. `payment`: the attempt that shows its state."""
    return PaymentRecord(
        reference=payment.reference,
        ordered=float(payment.amount) if "amount" in context.profile.receives else None,
        transactions=transactions,
        observations=context.run.observations(payment.reference),
        credits=credits.rows,
        total=credits.total,
        name="" if "reference" in context.profile.receives else payment.payment_id,
        receipt=receipt,
        in_parts="split_payments" in context.target.merchant.capabilities,
        several_attempts=several_attempts,
    )


def c2b_records(context: CheckContext) -> Iterator[PaymentRecord]:
    """The records of C2B payments: each payment with its state, and each account with its credits.

    Raises:
        Unjudged: the journal does not reach back to the beginning.
    """
    payments, c2b = context.run.c2b_payments, context.target.merchant.c2b
    if not payments or c2b is None or c2b.account is None:
        return
    for payment in payments:
        context.observations.status(payment)
    accounts: dict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        accounts[payment.payment_id].append(payment)
    credits = {number: credits_of(context, paid[0]) for number, paid in accounts.items()}
    try:
        known = c2b_payments(context.control, since=payments[0].since)
    except JournalIncomplete as error:
        raise Unjudged(str(error)) from error
    for payment in payments:
        yield _c2b_record(payment.record_name, [payment], known, context.run.observations(payment.record_name))
    for number, paid in accounts.items():
        yield _c2b_record(number, paid, known, credits=credits[number])


def _c2b_record(
    name: str,
    payments: Sequence[Payment],
    known: Mapping[str, DarajaTransaction],
    observations: tuple[Observation, ...] = (),
    *,
    credits: Credits = NOT_SEEN,
) -> PaymentRecord:
    return PaymentRecord(
        reference=name,
        ordered=None,
        transactions=tuple(known[one.transaction_id] for one in payments if one.transaction_id in known),
        observations=observations,
        credits=credits.rows,
        total=credits.total,
        kind=PaymentKind.C2B_PAYMENT,
    )
