"""The money of a load run: both sides of every payment, put together for the judge in `tayari_money.invariants`.

What is the load's own: which payments can be judged at all. A merchant may still have time to reconcile; the simulator
may not remember every payment; a load sees of a merchant only what it shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_money.invariants import Violation, is_unsettled, judge
from tayari_money.payment_record import DarajaTransaction, Observation, PaymentRecord, Result, ResultMessage
from tayari_money.payment_state import PaymentState

from tayari_load.book import Entry
from tayari_load.outcome import Outcome

Payment = Mapping[str, Any]
"""A payment of the simulator (`docs/control-api.md`)."""
CREDITED_ONCE: Final = "M01"
PROVEN: Final = "M02"
FINAL: Final = "M03"
WHOLE_SUM: Final = "M04"
NOT_STUCK: Final = "M05"
_ANY_TIME: Final = 0.0
"""Generators and simulator may run on machines whose clocks differ, so no moment of one is held against the other's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """How one rule about money came out."""

    rule: str
    judged: int
    """Payments it was judged on; 0: it could not be seen."""
    broken: tuple[str, ...] = ()
    """One sentence for each payment that breaks it."""
    witnesses: tuple[str, ...] = ()
    """MSISDNs of those payments."""
    unseen: str = ""
    """Why it could not be judged, where nothing was."""
    key: str = ""
    """The target-file key that would let it be seen."""
    open: str = ""
    """Why it cannot be passed though nothing is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Both sides of all payments of one run."""

    entries: Sequence[Entry]
    payments: Mapping[str, Sequence[Payment]]
    """Of the simulator, by MSISDN: every order has a number of its own."""
    complete: bool = True
    """The simulator remembers every payment of the run."""
    young_s: float = 0.0
    """A payment whose callback was not answered is given this long to be reconciled."""
    now: float = 0.0
    looked_again: Mapping[str, str] = field(default_factory=dict)
    """Reference -> state, of orders in a final state that were looked at once more when the load was over."""

    def paid(self, entry: Entry) -> list[Payment]:
        """What Daraja was paid for this order."""
        return [row for row in self.payments.get(entry.msisdn, ()) if row["state"] == "paid"]

    def account(self, entry: Entry) -> PaymentRecord:
        """One order, as the judge takes it."""
        return PaymentRecord(
            reference=entry.reference,
            ordered=float(entry.amount),
            transactions=tuple(pushed(row) for row in self.payments.get(entry.msisdn, ())),
            observations=tuple(self._looks(entry)),
            credits=entry.credits,
            total=entry.credited,
            receipt=entry.receipt or None,
        )

    def _looks(self, entry: Entry) -> Iterable[Observation]:
        again = self.looked_again.get(entry.reference)
        for state, at in ((entry.state, entry.at), (PaymentState(again) if again else None, self.now)):
            if state is not None:
                yield Observation(payment_id=entry.payment_id, state=state, began=at, ended=at)


def pushed(payment: Payment) -> DarajaTransaction:
    """A payment of the simulator. Whatever is true of it, a query may have told the merchant."""
    result = {"paid": Result.SUCCESS, "failed": Result.FAILURE}.get(str(payment["state"]))
    amount, receipt = float(payment["amount"]), str(payment.get("receipt") or "")
    return DarajaTransaction(
        transaction_id=str(payment.get("checkout_request_id", "")),
        amount=amount,
        completed=result is Result.SUCCESS,
        due_at=_ANY_TIME,
        receipt=receipt,
        account_reference=str(payment.get("account_reference", "")),
        messages=()
        if result is None
        else (ResultMessage(at=_ANY_TIME, result=result, by_query=True, amount=amount, receipt=receipt),),
    )


def by_msisdn(payments: Iterable[Payment], *, since: float) -> Mapping[str, list[Payment]]:
    """The payments that were made since then."""
    found: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        if float(payment["created_at"]) >= since:
            found[str(payment["msisdn"])].append(payment)
    return found


def judge_money(accounts: Accounts) -> tuple[Invariant, ...]:
    """All five, in the order of their ids."""
    return tuple(row(accounts) for row in (_credited_once, _proven, _final, _whole_sum, _not_stuck))


def declined(accounts: Accounts) -> int:
    """Orders shown as failed that Daraja knows as failed: the customers did not pay, and the merchant says so."""
    return sum(
        1
        for entry in accounts.entries
        if entry.outcome is Outcome.FAILED
        and accounts.payments.get(entry.msisdn)
        and all(row["state"] == "failed" for row in accounts.payments[entry.msisdn])
    )


def _credited_once(accounts: Accounts) -> Invariant:
    seen = [
        entry
        for entry in accounts.entries
        if entry.paid and (entry.credits is not None or entry.credited is not None or entry.receipt)
    ]
    return _invariant(
        CREDITED_ONCE, accounts, seen,
        unseen="no settled payment showed its credits or its receipt",
        key="merchant.ledger, merchant.status.credited or merchant.status.receipt",
    )  # fmt: skip


def _proven(accounts: Accounts) -> Invariant:
    settled = [entry for entry in accounts.entries if entry.paid]
    known = settled if accounts.complete else [entry for entry in settled if entry.msisdn in accounts.payments]
    return _invariant(PROVEN, accounts, known, unseen="no payment was shown as paid")


def _final(accounts: Accounts) -> Invariant:
    """Paid stays paid, to the end of the run."""
    again = [entry for entry in accounts.entries if entry.paid and entry.reference in accounts.looked_again]
    return _invariant(FINAL, accounts, again, unseen="no payment that was shown as paid was looked at again")


def _whole_sum(accounts: Accounts) -> Invariant:
    """In a load every order is one payment: one that its customer paid twice breaks it, too."""
    seen = [entry for entry in accounts.entries if accounts.paid(entry)]
    visible = any(entry.credited is not None or entry.credits is not None for entry in seen)
    return _invariant(
        WHOLE_SUM, accounts, seen,
        more=lambda entry: _paid_twice(accounts, entry),
        judged=len(seen) if visible else 0,
        unseen="no settled payment showed what was credited",
        key="merchant.ledger or merchant.status.credited",
    )  # fmt: skip


def _paid_twice(accounts: Accounts, entry: Entry) -> str:
    rows = accounts.paid(entry)
    total = sum(float(row["amount"]) for row in rows)
    credited = "an unknown sum" if entry.credited is None else f"{entry.credited:g}"
    return f"was paid {len(rows)} times, {total:g} shillings, and credited {credited}" if len(rows) > 1 else ""


def _not_stuck(accounts: Accounts) -> Invariant:
    paid = [entry for entry in accounts.entries if accounts.paid(entry)]
    unread = [entry for entry in paid if entry.state is None]
    young = [
        entry
        for entry in paid
        if is_unsettled(accounts.account(entry)) and not any(_is_due(row, accounts) for row in accounts.paid(entry))
    ]
    left_out = {entry.reference for entry in (*young, *unread)}
    known = [entry for entry in paid if entry.reference not in left_out]
    waits = [f"{len(young)} paid payments were not settled yet when the run ended, and had time left"] if young else []
    waits += [f"{len(unread)} paid payments showed no state that could be read"] if unread else []
    return _invariant(NOT_STUCK, accounts, known, unseen="; ".join(waits) or "no customer paid", open="; ".join(waits))


def _is_due(payment: Payment, accounts: Accounts) -> bool:
    """Daraja's callback was answered, or the merchant's own promise to reconcile has run out."""
    if any((callback["status"] or 0) in range(200, 300) for callback in payment["callbacks"]):
        return True
    return accounts.now - float(payment["result_due_at"]) > accounts.young_s


def _invariant(
    rule: str,
    accounts: Accounts,
    entries: Sequence[Entry],
    *,
    unseen: str,
    more: Callable[[Entry], str] = lambda _: "",
    judged: int | None = None,
    key: str = "",
    open: str = "",
) -> Invariant:
    """What the judge says of these entries, and `more` of those about which it says nothing."""
    by_reference = {entry.reference: entry for entry in entries}
    found = list(judge(rule, [accounts.account(entry) for entry in entries]).violations)
    told = {one.reference for one in found}
    found += [
        Violation(reference=entry.reference, description=what)
        for entry in entries
        if entry.reference not in told and (what := more(entry))
    ]
    number = len(entries) if judged is None else judged
    return Invariant(
        rule=rule,
        judged=number,
        broken=tuple(_said(by_reference[one.reference], one.description) for one in found),
        witnesses=tuple(by_reference[one.reference].msisdn for one in found),
        unseen="" if number or found else unseen,
        key=key,
        open=open,
    )


def _said(entry: Entry, what: str) -> str:
    return f"order {entry.reference} over {entry.amount} shillings {what}"
