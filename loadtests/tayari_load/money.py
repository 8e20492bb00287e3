"""The money, judged on every payment of a load run: what the merchant shows against what Daraja did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_load.book import Entry
from tayari_load.outcome import Outcome

Payment = Mapping[str, Any]
"""A payment of the simulator (`docs/control-api.md`)."""
CREDITED_ONCE: Final = "M01"
PROVEN: Final = "M02"
FINAL: Final = "M03"
WHOLE_SUM: Final = "M04"
NOT_STUCK: Final = "M05"


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


def by_msisdn(payments: Iterable[Payment], *, since: float) -> Mapping[str, list[Payment]]:
    """The payments that were made since then."""
    found: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        if float(payment["created_at"]) >= since:
            found[str(payment["msisdn"])].append(payment)
    return found


def judge_money(accounts: Accounts) -> tuple[Invariant, ...]:
    """All five, in the order of their ids."""
    return (
        _credited_once(accounts),
        _proven(accounts),
        _final(accounts),
        _whole_sum(accounts),
        _not_stuck(accounts),
    )


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
    settled = [entry for entry in accounts.entries if entry.paid]
    seen = [entry for entry in settled if entry.credits is not None or entry.credited is not None or entry.receipt]
    uses = Counter(entry.receipt for entry in seen if entry.receipt)
    twice = [entry for entry in seen if entry.outcome is Outcome.CREDITED_TWICE]
    shared = [entry for entry in seen if uses[entry.receipt] > 1 and entry not in twice]
    broken = [_said(entry, "was credited more than once") for entry in twice]
    broken += [_said(entry, f"was credited by receipt {entry.receipt}, as another order was") for entry in shared]
    return _invariant(
        CREDITED_ONCE, len(seen), broken, [*twice, *shared],
        unseen="no settled payment showed its credits or its receipt",
        key="merchant.ledger, merchant.status.credited or merchant.status.receipt",
    )  # fmt: skip


def _proven(accounts: Accounts) -> Invariant:
    settled = [entry for entry in accounts.entries if entry.paid]
    known = settled if accounts.complete else [entry for entry in settled if entry.msisdn in accounts.payments]
    wrong = [entry for entry in known if not accounts.paid(entry)]
    broken = [_said(entry, "is shown as paid, and Daraja was not paid for it") for entry in wrong]
    return _invariant(PROVEN, len(known), broken, wrong, unseen="no payment was shown as paid")


def _not_stuck(accounts: Accounts) -> Invariant:
    paid = [entry for entry in accounts.entries if accounts.paid(entry)]
    lost = [entry for entry in paid if not entry.paid]
    late = [entry for entry in lost if _should_be_known(accounts, entry)]
    broken = [_said(entry, f"was paid at Daraja, and is shown as {entry.outcome}") for entry in late]
    young = len(lost) - len(late)
    waits = f"{young} paid payments were not settled yet when the run ended, and had time left" if young else ""
    return _invariant(NOT_STUCK, len(paid) - young, broken, late, unseen=waits or "no customer paid", open=waits)


def _should_be_known(accounts: Accounts, entry: Entry) -> bool:
    """Daraja's callback was answered, or the merchant's own promise to reconcile has run out."""
    for row in accounts.paid(entry):
        if any((callback["status"] or 0) in range(200, 300) for callback in row["callbacks"]):
            return True
        if accounts.now - float(row["result_due_at"]) > accounts.young_s:
            return True
    return False


def _final(accounts: Accounts) -> Invariant:
    """Paid stays paid, to the end of the run."""
    again = [entry for entry in accounts.entries if entry.paid and entry.reference in accounts.looked_again]
    wrong = [entry for entry in again if accounts.looked_again[entry.reference] != "paid"]
    later = accounts.looked_again
    broken = [_said(entry, f"was shown as paid, and later as {later[entry.reference]}") for entry in wrong]
    return _invariant(FINAL, len(again), broken, wrong, unseen="no payment that was shown as paid was looked at again")


def _whole_sum(accounts: Accounts) -> Invariant:
    """Ordered, paid and, where the sum can be seen, credited: one sum. An order paid twice breaks it, too."""
    seen = [entry for entry in accounts.entries if accounts.paid(entry)]
    sums = {entry.reference: sum(float(row["amount"]) for row in accounts.paid(entry)) for entry in seen}
    wrong = [
        entry
        for entry in seen
        if sums[entry.reference] != entry.amount or (entry.credited is not None and entry.credited != entry.amount)
    ]
    broken = [
        _said(entry, f"was paid {sums[entry.reference]:g} and credited {_shown(entry.credited)}") for entry in wrong
    ]
    visible = any(entry.credited is not None or entry.credits is not None for entry in seen)
    return _invariant(
        WHOLE_SUM, len(seen) if visible else 0, broken, wrong,
        unseen="no settled payment showed what was credited",
        key="merchant.ledger or merchant.status.credited",
    )  # fmt: skip


def _shown(credited: float | None) -> str:
    return "an unknown sum" if credited is None else f"{credited:g}"


def _invariant(
    rule: str, judged: int, broken: list[str], wrong: list[Entry], *, unseen: str, key: str = "", open: str = ""
) -> Invariant:
    return Invariant(
        rule=rule,
        judged=judged,
        broken=tuple(broken),
        witnesses=tuple(entry.msisdn for entry in wrong),
        unseen="" if judged or broken else unseen,
        key=key,
        open=open,
    )


def _said(entry: Entry, what: str) -> str:
    return f"order {entry.reference} over {entry.amount} shillings {what}"
