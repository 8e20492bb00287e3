"""The money invariants: what must hold over a whole run, whatever else was tried in it.

Pure: payment records go in, violations come out. The suites and the load judge with the same table. A new invariant is
one function and one row of `INVARIANTS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from tayari_money.payment_record import (
    RECEIVED,
    DarajaTransaction,
    Observation,
    PaymentKind,
    PaymentRecord,
    PaymentResult,
    PaymentState,
    ReceivedResult,
)

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW
_SENT: Final = frozenset({PaymentKind.PAYOUT, PaymentKind.REFUND})
_SHOWN: Final = 3
"""Violations that a sentence shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One payment that breaks an invariant."""

    reference: str
    description: str
    name: str = ""
    """The merchant's own id, if it does not get the reference."""


Records = Sequence[PaymentRecord]


def credited_once(records: Records) -> list[Violation]:
    """M01: each receipt credits once."""
    broken = [
        Violation(reference=record.reference, description=f"{_credits_of(record)} for {completed_payments(record)}")
        for record in records
        if _times_credited(record) > max(1, len(record.completed))
    ]
    shown: dict[str, list[PaymentRecord]] = defaultdict(list)
    for record in records:
        if record.receipt and (record.credited or record.state is PAID):
            shown[record.receipt].append(record)
    for receipt, alike in shown.items():
        if len(alike) > 1:
            also = f"is paid with {receipt}, as {alike[0].name or alike[0].reference} is"
            broken.append(Violation(reference=alike[1].reference, description=also))
    return broken


def _times_credited(record: PaymentRecord) -> int:
    """By the rows of the merchant's ledger, or by the sum where it is a multiple of the amount.

    One row may carry two credits.
    """
    rows = record.credits or 0
    amounts = {one.amount for one in record.transactions}
    if not record.total or len(amounts) != 1 or 0 in amounts or _named_amounts(record) - amounts:
        return rows
    times, rest = divmod(round(record.total, 2), amounts.pop())
    return rows if rest else max(rows, int(times))


def _credits_of(record: PaymentRecord) -> str:
    """What was credited, as it was seen: a number of rows, or a sum."""
    rows = record.credits or 0
    if record.total is None or _times_credited(record) == rows:
        return f"was credited {rows} times"
    return f"was credited {shillings(record.total)} shillings"


def shillings(amount: float) -> str:
    """An amount in full, without cents where there are none."""
    return f"{amount:.2f}".removesuffix(".00")


def _named_amounts(record: PaymentRecord) -> set[float]:
    """The amounts that M-Pesa's messages name as paid."""
    return {proof.amount for one in record.transactions for proof in one.proofs() if proof.amount is not None}


def completed_payments(record: PaymentRecord) -> str:
    """How often the customer paid, in words."""
    amounts = [one.amount for one in record.completed]
    each = f" of {shillings(amounts[0])}" if len(set(amounts)) == 1 else ""
    return {0: "no payment", 1: f"one payment{each}"}.get(len(amounts), f"{len(amounts)} payments{each}")


def credited_on_proof(record: PaymentRecord) -> str:
    """M02: nothing is credited, or called paid, before M-Pesa reported success."""
    proven_at = min((proof.at for one in record.transactions for proof in one.proofs()), default=None)
    if proven_at is None:
        if record.credited:
            return "was credited, and no message of M-Pesa reported it as paid"
        return "became paid, and no message of M-Pesa reported it as paid" if record.state is PAID else ""
    if record.in_parts and record.state is PAID and record.ordered is not None:
        proven = sum(one.amount for one in record.transactions if any(one.proofs()))
        if record.ordered - proven >= 1:
            return f"became paid, and M-Pesa reported {shillings(proven)} of {shillings(record.ordered)} shillings"
    early = next((one for one in record.observations if one.state is PAID and one.ended < proven_at), None)
    return "" if early is None else f"was paid {proven_at - early.ended:.1f} s before M-Pesa reported it as paid"


def final_stays_final(records: Records) -> list[Violation]:
    """M03: a payment that is paid or failed stays so, unless M-Pesa reported something new."""
    return [
        Violation(reference=record.reference, description=f"was {before.state}, and then {after.state}")
        for record in records
        for before, after in _changes(record)
        if _is_flip(record, before, after)
    ]


def _changes(record: PaymentRecord) -> Iterator[tuple[Observation, Observation]]:
    """Each change of state of one payment, between two observations that did not overlap."""
    by_payment: dict[str, list[Observation]] = defaultdict(list)
    for observation in record.observations:
        by_payment[observation.payment_id].append(observation)
    for observations in by_payment.values():
        for before, after in pairwise(observations):
            if before.state is not after.state and before.ended <= after.began:
                yield before, after


def _is_flip(record: PaymentRecord, before: Observation, after: Observation) -> bool:
    known = [message for one in record.transactions for message in one.messages if message.at <= after.ended]
    if before.state is PAID and after.state is FAILED:
        return not any(message.result is PaymentResult.FAILURE and message.by_query for message in known)
    if before.state is PAID and after.state is PENDING:
        return True
    if before.state is FAILED and after.state in (PAID, PENDING) and not record.several_attempts:
        return not any(message.result is PaymentResult.SUCCESS for message in known)
    return False


def amounts_agree(record: PaymentRecord) -> str:
    """M04: ordered, requested and credited are one amount (a merchant may round to whole shillings)."""
    if record.in_parts:
        return _difference_of_parts(record)
    for one in record.transactions:
        if record.ordered is not None and abs(one.amount - record.ordered) >= 1:
            asked = shillings(one.amount)
            return f"is an order of {shillings(record.ordered)} shillings, and {asked} were asked for"
    amounts = {one.amount for one in record.transactions}
    if not record.total or len(amounts) != 1 or _named_amounts(record) - amounts:
        return ""  # Nothing is credited; or M-Pesa itself named another amount, which rule C06 judges.
    amount, paid = amounts.pop(), len(record.completed)
    if round(record.total, 2) in {round(times * amount, 2) for times in range(1, max(1, paid) + 1)}:
        return ""  # The second of two payments for one order may wait for a person: rule M05 judges that.
    return f"was credited {shillings(record.total)} shillings; {shillings(max(1, paid) * amount)} were paid"


def _difference_of_parts(record: PaymentRecord) -> str:
    """The same of an order in several pushes: the sum counts. What failed first may rightly be asked for again."""
    paid = record.paid_in_all
    late = sum(one.amount for one in record.completed if one.succeeded_late)
    if paid and record.ordered is not None and paid - late - record.ordered >= 1:
        return f"is an order of {shillings(record.ordered)} shillings, and {shillings(paid)} were paid for it"
    amounts = {one.amount for one in record.transactions}
    if not record.total or not paid or _named_amounts(record) - amounts:
        return ""
    difference = round(record.total - paid, 2)
    if difference > 0 or (difference + late < 0 and record.state is PAID):
        return f"was credited {shillings(record.total)} shillings; {shillings(paid)} were paid"
    return ""


def paid_is_settled(record: PaymentRecord) -> str:
    """M05: a customer who paid is credited, or a person reviews the payment, in the end."""
    return f"is {record.state} in the end, and the customer has paid" if is_unsettled(record) else ""


def is_unsettled(record: PaymentRecord) -> bool:
    """Whether the merchant knows, or should know, of a payment that it shows as neither paid nor in review."""
    if record.state not in (PENDING, FAILED):
        return False
    if record.in_parts and record.state is PENDING and record.paid_in_all + 1 <= (record.ordered or 0):
        return False  # the rest is not paid yet
    return any(_could_be_known(one) for one in record.completed)


def _could_be_known(transaction: DarajaTransaction) -> bool:
    """Whether the merchant had a way to know that the transaction succeeded.

    It had none when it received contradicting results, or only "in flight". Without an id to query it has the callback
    alone, which names the payment: by its address, its amount and its payer.
    """
    results = {
        one.result
        for one in transaction.messages
        if not one.pulled and (one.at >= transaction.due_at or one.result is not PaymentResult.UNDECIDED)
    }  # fmt: skip
    if PaymentResult.FAILURE in results:
        return False
    genuine = [proof for proof in transaction.proofs() if not proof.pulled and _is_genuine(transaction, proof)]
    if not transaction.acknowledged:
        return any(proof.answered for proof in genuine)
    return not results or bool(genuine)


def _is_genuine(transaction: DarajaTransaction, proof: ReceivedResult) -> bool:
    """Whether a success is true: the run changes some, to see how the merchant reacts."""
    return proof.by_query or (proof.amount == transaction.amount and proof.receipt == transaction.receipt)


def paid_out_once(record: PaymentRecord) -> str:
    """M06: a payout or refund moves money once."""
    times = len(record.completed)
    total = shillings(sum(one.amount for one in record.completed))
    return f"was paid out {times} times, {total} shillings in all" if times > 1 else ""


def paid_out_on_result(record: PaymentRecord) -> str:
    """M07: no payout is called paid before a result reported success; an acknowledgement is no result."""
    first_paid = next((one for one in record.observations if one.state is PAID), None)
    if first_paid is None:
        return ""
    proven_at = min((proof.at for one in record.transactions for proof in one.proofs()), default=None)
    if proven_at is None:
        return f"is a {record.kind} that became paid, and no result reported success"
    early_s = proven_at - first_paid.ended
    return f"is a {record.kind} that was paid {early_s:.1f} s before its result" if early_s > 0 else ""


def time_out_settles_nothing(record: PaymentRecord) -> str:
    """M09: no accepted payout is called failed before a result reported a failure; a queue time-out is no result."""
    first_failed = next((one for one in record.observations if one.state is FAILED), None)
    if first_failed is None or not _timed_out(record):
        return ""
    known = (one for row in record.transactions for one in row.messages if one.at <= first_failed.ended)
    if any(one.result is PaymentResult.FAILURE and not one.timed_out for one in known):
        return ""
    return f"is a {record.kind} that became failed on a queue time-out, and no result reported a failure"


def _timed_out(record: PaymentRecord) -> bool:
    return any(one.timed_out for row in record.transactions for one in row.messages)


def refunds_within_payment(records: Records) -> list[Violation]:
    """M08: the refunds of a payment never exceed what was paid."""
    refunded: dict[str, float] = defaultdict(float)
    for record in records:
        if record.kind is PaymentKind.REFUND:
            refunded[record.refund_of] += sum(one.amount for one in record.completed)
    paid = {
        record.reference: sum(one.amount for one in record.completed) for record in records if record.kind in RECEIVED
    }
    return [
        Violation(
            reference=reference,
            description=f"was refunded {shillings(total)} shillings; {shillings(paid.get(reference, 0.0))} were paid",
        )
        for reference, total in refunded.items()
        if round(total - paid.get(reference, 0.0), 2) > 0
    ]


def each(describe: Callable[[PaymentRecord], str]) -> Callable[[Records], list[Violation]]:
    """An invariant of single records: a violation for each one that `describe` says something about."""
    return lambda records: [
        Violation(reference=record.reference, description=text) for record in records if (text := describe(record))
    ]


def _reported_twice(record: PaymentRecord) -> bool:
    """Whether the merchant received more than one success for a payment that it credited."""
    return record.credited and any(
        sum(message.result is PaymentResult.SUCCESS for message in one.messages) > 1 for one in record.completed
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One row: which records it judges, how, and what must have happened before it counts as kept."""

    rule: str
    find: Callable[[Records], list[Violation]]
    kinds: frozenset[PaymentKind]
    precondition: Callable[[PaymentRecord], bool]
    """At least one record must meet it: otherwise nothing put the invariant to the test."""
    not_met: str
    """The reason to give when there is no such record."""


_ROWS: Final = (
    Invariant(
        rule="M01", find=credited_once, kinds=RECEIVED, precondition=_reported_twice,
        not_met="the merchant received no second success for any order that it credited",
    ),
    Invariant(
        rule="M02", find=each(credited_on_proof), kinds=RECEIVED, precondition=lambda record: record.state is not None,
        not_met="no order had a state that could be read",
    ),
    Invariant(
        rule="M03", find=final_stays_final, kinds=frozenset(PaymentKind),
        precondition=lambda record: record.state in (PAID, FAILED), not_met="no order was seen paid or failed",
    ),
    Invariant(
        rule="M04", find=each(amounts_agree), kinds=RECEIVED, precondition=lambda record: bool(record.total),
        not_met="no order was seen credited with a sum",
    ),
    Invariant(
        rule="M05", find=each(paid_is_settled), kinds=RECEIVED,
        precondition=lambda record: record.state is not None and bool(record.completed),
        not_met="no order that was paid had a state that could be read",
    ),
    Invariant(
        rule="M06", find=each(paid_out_once), kinds=_SENT, precondition=lambda record: bool(record.completed),
        not_met="no payout or refund moved money",
    ),
    Invariant(
        rule="M07", find=each(paid_out_on_result), kinds=_SENT, precondition=lambda record: record.state is not None,
        not_met="no payout or refund had a state that could be read",
    ),
    Invariant(
        rule="M08", find=refunds_within_payment, kinds=frozenset(PaymentKind),
        precondition=lambda record: record.kind is PaymentKind.REFUND and bool(record.completed),
        not_met="no refund moved money",
    ),
    Invariant(
        rule="M09", find=each(time_out_settles_nothing), kinds=frozenset({PaymentKind.PAYOUT}),
        precondition=lambda record: _timed_out(record) and record.state is not None,
        not_met="no queue time-out came for a payout whose state could be read",
    ),
)  # fmt: skip
INVARIANTS: Final[Mapping[str, Invariant]] = MappingProxyType({row.rule: row for row in _ROWS})
"""Each money invariant by the id of its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantJudgement:
    """What one invariant says about the payments of a run."""

    judged: int
    """Records of the kinds that the invariant is about."""
    violations: tuple[Violation, ...]
    not_met: str
    """Why nothing put the invariant to the test; empty where something did."""

    noun: str = "order"
    """What the references are of."""

    @property
    def sentence(self) -> str:
        """The violations in one sentence; empty where there are none."""
        number = len(self.violations)
        if not number:
            return ""
        first = self.violations[:_SHOWN]
        shown = "; ".join(f"{self.noun} {one.name or one.reference} {one.description}" for one in first)
        more = f"; and {number - _SHOWN} more" if number > _SHOWN else ""
        return f"{number} of {self.judged} {self.noun}s of this run: {shown}{more}"


def judge(rule: str, records: Records) -> InvariantJudgement:
    """Hold the records to one invariant: the only way from records to violations."""
    row = INVARIANTS[rule]
    judged = [record for record in records if record.kind in row.kinds]
    names = {record.reference: record.name for record in judged}
    return InvariantJudgement(
        judged=len(judged),
        violations=tuple(replace(one, name=names.get(one.reference, "")) for one in row.find(judged)),
        not_met="" if any(map(row.precondition, judged)) else row.not_met,
        noun="payout" if row.kinds <= _SENT else "order",
    )
