"""The five truths about money that hold over a whole run, whatever else was tried in it (rules M01 to M05).

Pure: what merchant and Daraja said goes in, broken truths come out. The suites and the load both judge with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from tayari_money.payment_state import PaymentState

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW


class Word(StrEnum):
    """What M-Pesa told the merchant about a payment."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNDECIDED = "undecided"
    """In flight, or an error: the merchant knows as much as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One word that reached the merchant: in a callback, or as the answer to its query."""

    at: float
    """Epoch seconds: not later than the merchant heard it."""
    word: Word
    by_query: bool = False
    amount: float | None = None
    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One push that Daraja accepted, with what became of it in truth."""

    checkout_request_id: str
    amount: float
    paid: bool
    """The customer's money has moved."""
    due_at: float
    """Epoch seconds at which the result became true."""
    receipt: str = ""
    account_reference: str = ""
    acknowledged: bool = True
    """The merchant was told that the push was accepted."""
    forged: bool = False
    """Somebody who is not Safaricom sent a success for it: callbacks prove nothing here."""
    told: tuple[Told, ...] = ()

    def proofs(self) -> Iterator[Told]:
        """The words from which the merchant could know that it is paid."""
        return (told for told in self.told if told.word is Word.SUCCESS and (told.by_query or not self.forged))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the state of a payment."""

    payment_id: str
    state: PaymentState
    began: float
    """Epoch seconds; looks of several threads may overlap."""
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One order as the merchant and Daraja know it when everything is over."""

    reference: str
    ordered: float | None
    """Shillings; None where the merchant decides the amount itself."""
    pushes: tuple[Pushed, ...]
    looks: tuple[Look, ...]
    """In order of time; the last one is the end."""
    credits: int | None
    """None: not visible."""
    total: float | None
    """Shillings credited; None: not visible."""
    receipt: str | None = None
    """As the customer is shown it."""
    several_attempts: bool = False
    """More than one payment was started under one identifier, so that failed may become pending again."""

    @property
    def state(self) -> PaymentState | None:
        """In the end; None: it was never readable."""
        return self.looks[-1].state if self.looks else None

    @property
    def credited(self) -> bool:
        """Whether the customer got anything for it."""
        return bool(self.credits) or bool(self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One order that breaks a truth."""

    reference: str
    what: str


def credited_once(accounts: Sequence[Account]) -> list[Broken]:
    """M01: each receipt credits once."""
    broken = [
        Broken(reference=account.reference, what=f"{_credits_of(account)} for {paid_pushes(account)}")
        for account in accounts
        if _times_credited(account) > max(1, sum(push.paid for push in account.pushes))
    ]
    shown: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        if account.receipt and (account.credited or account.state is PAID):
            shown[account.receipt].append(account.reference)
    for receipt, references in shown.items():
        if len(references) > 1:
            broken.append(Broken(reference=references[1], what=f"is paid with {receipt}, as {references[0]} is"))
    return broken


def _times_credited(account: Account) -> int:
    """By the ledger's rows; or by the sum, where that is a multiple of what was paid: one row may carry two credits."""
    rows = account.credits or 0
    amounts = {push.amount for push in account.pushes}
    if not account.total or len(amounts) != 1 or 0 in amounts or _named_amounts(account) - amounts:
        return rows
    times, rest = divmod(round(account.total, 2), amounts.pop())
    return rows if rest else max(rows, int(times))


def _credits_of(account: Account) -> str:
    """What was credited, as it was seen: rows that were counted, or a sum."""
    rows = account.credits or 0
    if account.total is None or _times_credited(account) == rows:
        return f"was credited {rows} times"
    return f"was credited {shillings(account.total)} shillings"


def shillings(amount: float) -> str:
    """An amount in full, without cents where there are none."""
    return f"{amount:.2f}".removesuffix(".00")


def _named_amounts(account: Account) -> set[float]:
    """What M-Pesa itself named as paid."""
    return {one.amount for push in account.pushes for one in push.proofs() if one.amount is not None}


def paid_pushes(account: Account) -> str:
    """How often the customer paid, in words."""
    paid = [push.amount for push in account.pushes if push.paid]
    each = f" of {shillings(paid[0])}" if len(set(paid)) == 1 else ""
    return {0: "no payment", 1: f"one payment{each}"}.get(len(paid), f"{len(paid)} payments{each}")


def credited_on_proof(accounts: Sequence[Account]) -> list[Broken]:
    """M02: nothing is credited, or called paid, before M-Pesa said that it is paid."""
    return [Broken(reference=account.reference, what=what) for account in accounts if (what := _without_proof(account))]


def _without_proof(account: Account) -> str:
    proven_at = min((told.at for push in account.pushes for told in push.proofs()), default=None)
    if proven_at is None:
        if account.credited:
            return "was credited, and no word of M-Pesa said that it was paid"
        return "became paid, and no word of M-Pesa said so" if account.state is PAID else ""
    early = next((look for look in account.looks if look.state is PAID and look.ended < proven_at), None)
    return "" if early is None else f"was paid {proven_at - early.ended:.1f} s before M-Pesa said so"


def final_stays_final(accounts: Sequence[Account]) -> list[Broken]:
    """M03: a payment that is paid or failed stays so, unless M-Pesa said something new."""
    return [
        Broken(reference=account.reference, what=f"was {before.state}, and then {after.state}")
        for account in accounts
        for before, after in _steps(account)
        if _is_flip(account, before, after)
    ]


def _steps(account: Account) -> Iterator[tuple[Look, Look]]:
    """Each change of state of one payment, between two looks that did not overlap."""
    by_payment: dict[str, list[Look]] = defaultdict(list)
    for look in account.looks:
        by_payment[look.payment_id].append(look)
    for looks in by_payment.values():
        for before, after in pairwise(looks):
            if before.state is not after.state and before.ended <= after.began:
                yield before, after


def _is_flip(account: Account, before: Look, after: Look) -> bool:
    told = [one for push in account.pushes for one in push.told if one.at <= after.ended]
    if before.state is PAID and after.state is FAILED:
        return not any(one.word is Word.FAILURE and one.by_query for one in told)
    if before.state is PAID and after.state is PENDING:
        return True
    if before.state is FAILED and after.state in (PAID, PENDING) and not account.several_attempts:
        return not any(one.word is Word.SUCCESS for one in told)
    return False


def amounts_agree(accounts: Sequence[Account]) -> list[Broken]:
    """M04: ordered, pushed and credited are one amount (a merchant may round to whole shillings)."""
    return [Broken(reference=account.reference, what=what) for account in accounts if (what := _difference(account))]


def _difference(account: Account) -> str:
    for push in account.pushes:
        if account.ordered is not None and abs(push.amount - account.ordered) >= 1:
            asked = shillings(push.amount)
            return f"is an order of {shillings(account.ordered)} shillings, and {asked} were asked for"
    amounts = {push.amount for push in account.pushes}
    if not account.total or len(amounts) != 1 or _named_amounts(account) - amounts:
        return ""  # nothing credited; or M-Pesa itself named another amount, which is rule C06's affair
    amount, paid = amounts.pop(), sum(push.paid for push in account.pushes)
    if round(account.total, 2) in {round(times * amount, 2) for times in range(1, max(1, paid) + 1)}:
        return ""  # of two payments for one order the second may wait for a person, which is rule M05's affair
    return f"was credited {shillings(account.total)} shillings; {shillings(max(1, paid) * amount)} were paid"


def paid_is_settled(accounts: Sequence[Account]) -> list[Broken]:
    """M05: whoever has paid is credited, or in a person's hands, in the end."""
    return [
        Broken(reference=account.reference, what=f"is {account.state} in the end, and the customer has paid")
        for account in accounts
        if is_owed(account)
    ]


def is_owed(account: Account) -> bool:
    """Whether a payment of which the merchant knows, or should, is neither paid nor in review."""
    if account.state not in (PENDING, FAILED):
        return False
    return any(push.paid and _could_be_known(push) for push in account.pushes)


def _could_be_known(push: Pushed) -> bool:
    """A merchant that was told both, or that M-Pesa keeps telling "in flight", is not to blame; one that had no
    acknowledgement has no id to ask by."""
    said = {told.word for told in push.told if told.at >= push.due_at or told.word is not Word.UNDECIDED}
    if Word.FAILURE in said or not push.acknowledged:
        return False
    return not said or any(_is_genuine(push, told) for told in push.proofs())


def _is_genuine(push: Pushed, told: Told) -> bool:
    """A success as it was: not one that the run changed to see what the merchant makes of it."""
    return told.by_query or (told.amount == push.amount and told.receipt == push.receipt)


Judge = Callable[[Sequence[Account]], list[Broken]]

JUDGES: Final[Mapping[str, Judge]] = MappingProxyType(
    {
        "M01": credited_once,
        "M02": credited_on_proof,
        "M03": final_stays_final,
        "M04": amounts_agree,
        "M05": paid_is_settled,
    }
)
"""Each money invariant by the id of its rule."""


def sentence(broken: Iterable[Broken], *, judged: int, most: int = 3) -> str:
    """The finding in one sentence, or nothing."""
    found = list(broken)
    if not found:
        return ""
    shown = "; ".join(f"order {one.reference} {one.what}" for one in found[:most])
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return f"{len(found)} of {judged} orders of this run: {shown}{more}"
