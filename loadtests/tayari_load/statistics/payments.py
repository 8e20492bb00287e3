"""The payments of a load run: one record for each, and the exchanges of a few as proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_reports.model import Exchange
from tayari_reports.model.codec import from_value, to_value

MOST_PAYMENTS: Final = 500_000
OF_EACH: Final = 2
"""Payments kept of each bad outcome."""
_HEAD, _TAIL = 3, 3
"""Exchanges kept of one payment: how it began and how it ended; the looks between say nothing new."""

Exchanges = tuple[Exchange, ...]
ROWS: Final = {PaymentKind.STK_PAYMENT: "PAYMENT", PaymentKind.C2B_PAYMENT: "C2B", PaymentKind.PAYOUT: "PAYOUT"}
"""How Locust's statistics name a payment of each kind, in the place of an HTTP method."""


class PaymentOutcome(StrEnum):
    """How one payment ended, as the merchant shows it."""

    SETTLED = "settled"
    """Paid, and credited once as far as can be seen."""
    REFUSED = "refused"
    """The merchant did not take the order: an error answer, or none."""
    FAILED = "failed"
    """Taken, and shown as failed or under review in the end."""
    STUCK = "stuck"
    """Taken, and in no final state when patience or the run ended."""
    CREDITED_TWICE = "credited twice"
    DECLINED = "declined"
    """Taken, and shown as failed, as the customer of the outcome mix did not pay: what should happen."""
    TURNED_AWAY = "turned away"
    """Refused while the load disturbed Daraja, or taken and then shown as failed without a push: what a merchant may do
    then."""


EXCUSED: Final = frozenset({PaymentOutcome.DECLINED, PaymentOutcome.TURNED_AWAY})
"""Neither a success nor a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One customer who pays once."""

    name: str
    msisdn: str
    """Twelve digits."""
    amount: int
    """Whole shillings."""
    reference: str
    """At most twelve letters and digits, as Daraja's AccountReference allows; unique within a run."""
    scenario: str = ""
    """What happens instead of a payment: a scenario of the outcome mix; empty: it is paid."""
    kind: PaymentKind = PaymentKind.STK_PAYMENT
    """A payment that the merchant asks for, one that the customer begins (C2B), or a payout to the customer."""
    may_stay_open: bool = False
    """Of a C2B payment: by its scenario the merchant cannot know whose money it is, or gets no message about it."""

    @property
    def pays_out(self) -> bool:
        """The merchant pays, and the customer receives."""
        return self.kind is PaymentKind.PAYOUT

    @property
    def pays_in(self) -> bool:
        """The customer pays into an account, unasked (C2B)."""
        return self.kind is PaymentKind.C2B_PAYMENT


@dataclass(slots=True, kw_only=True)
class LoadPayment:
    """One payment of the load, from the click to its end. An interrupt keeps what is known by then."""

    order: Order
    outcome: PaymentOutcome = PaymentOutcome.STUCK
    reason: str = "the run ended before the payment did"
    at: float = 0.0
    """Epoch seconds of its end."""
    duration_s: float = 0.0
    """From the click to the state that ended it."""
    user: str = ""
    """Which simulated user it belongs to."""
    late_s: float = 0.0
    """How long after its planned start it was clicked. Always 0 in the closed model."""
    disturbed: bool = False
    """The load's shape, or a scenario that was switched on, disturbed Daraja during this payment."""
    answered: bool = True
    """The merchant answered the start. False: there was no answer at all."""
    payment_id: str = ""
    receipt: str = ""
    credits: int | None = None
    """How often the merchant's ledger shows it."""
    credited: float | None = None
    """Shillings that the merchant shows as credited; None where that cannot be seen."""
    state: PaymentState | None = None
    """As the merchant showed it last; None where it could not be read, or the order was not taken."""

    @property
    def paid(self) -> bool:
        """The merchant shows it as paid."""
        return self.state is PaymentState.PAID

    def end(self, outcome: PaymentOutcome, reason: str = "") -> None:
        """Set how it ended, and why."""
        self.outcome, self.reason = outcome, reason


@dataclass(slots=True)
class PaymentLog:
    """All payments of this process since its last report to the master, up to a bound."""

    payments: list[LoadPayment] = field(default_factory=list)
    left_out: int = 0
    """Payments beyond the bound."""
    ended: dict[PaymentKind, Counter[PaymentOutcome]] = field(default_factory=dict)
    """How the payments of each kind ended, before the money was judged; those beyond the bound count too."""

    def keep(self, payment: LoadPayment) -> None:
        """Keep one payment, within the bound."""
        self.ended.setdefault(payment.order.kind, Counter())[payment.outcome] += 1
        if len(self.payments) < MOST_PAYMENTS:
            self.payments.append(payment)
        else:
            self.left_out += 1

    def clear(self) -> None:
        """Forget all payments."""
        self.payments.clear()
        self.ended.clear()
        self.left_out = 0

    def take(self) -> list[Any]:
        """The payments as plain values for the master; then forget them."""
        wire: list[Any] = to_value(self.payments)
        self.clear()
        return wire

    def add(self, wire: Iterable[object]) -> None:
        """Add a worker's payments."""
        for payment in wire:
            self.keep(from_value(LoadPayment, payment))


@dataclass(slots=True)
class Samples:
    """Exchanges of a few payments. Bounded, whatever the run's length."""

    bad: dict[PaymentOutcome, list[Exchanges]] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: Exchanges = ()

    def clear(self) -> None:
        """Back to nothing."""
        self.bad.clear()
        self.slowest_s, self.slowest = 0.0, ()

    def offer(self, payment: LoadPayment, exchanges: Sequence[Exchange]) -> None:
        """Keep this payment if it is worth it."""
        if payment.outcome is PaymentOutcome.SETTLED:
            if payment.duration_s > self.slowest_s:
                self.slowest_s, self.slowest = payment.duration_s, _proof(exchanges)
            return
        kept = self.bad.setdefault(payment.outcome, [])
        if len(kept) < OF_EACH:
            kept.append(_proof(exchanges))

    def of(self, outcomes: Iterable[PaymentOutcome]) -> Exchanges:
        """The exchanges of the payments kept that ended so, one payment after the other."""
        return tuple(exchange for outcome in outcomes for kept in self.bad.get(outcome, ()) for exchange in kept)

    def add(self, other: Samples) -> None:
        """Take what another process kept, within the same bounds."""
        for outcome, theirs in other.bad.items():
            mine = self.bad.setdefault(outcome, [])
            mine.extend(theirs[: OF_EACH - len(mine)])
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest

    def to_wire(self) -> dict[str, Any]:
        """As plain values, for a worker's report to its master."""
        return {
            "bad": {outcome.value: [_to_wire(kept) for kept in payments] for outcome, payments in self.bad.items()},
            "slowest_s": self.slowest_s,
            "slowest": _to_wire(self.slowest),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Samples:
        """What a worker kept."""
        bad = {PaymentOutcome(name): [_from_wire(kept) for kept in payments] for name, payments in wire["bad"].items()}
        return cls(bad, wire["slowest_s"], _from_wire(wire["slowest"]))


def _proof(exchanges: Sequence[Exchange]) -> Exchanges:
    return tuple(exchanges) if len(exchanges) <= _HEAD + _TAIL else (*exchanges[:_HEAD], *exchanges[-_TAIL:])


def _to_wire(exchanges: Exchanges) -> list[Any]:
    return [to_value(exchange) for exchange in exchanges]


def _from_wire(exchanges: Iterable[object]) -> Exchanges:
    return tuple(from_value(Exchange, exchange) for exchange in exchanges)
