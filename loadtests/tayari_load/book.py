"""What the merchant said of every payment, one short row each: the money is judged on all that happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_money.payment_state import PaymentState

from tayari_load.customers import Order
from tayari_load.outcome import Ended, Outcome

MOST_ROWS: Final = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment as the merchant showed it last."""

    msisdn: str
    reference: str
    amount: int
    outcome: Outcome
    at: float
    """Epoch seconds of its end."""
    payment_id: str = ""
    receipt: str = ""
    credits: int | None = None
    credited: float | None = None
    state: PaymentState | None = None
    """As it was shown; None where it could not be read, or the order was not taken."""

    @property
    def paid(self) -> bool:
        """The merchant shows it as paid."""
        return self.state is PaymentState.PAID


@dataclass(slots=True)
class Book:
    """All entries of this process since its last report."""

    entries: list[Entry] = field(default_factory=list)
    left_out: int = 0
    """Payments beyond what is kept."""

    def note(self, order: Order, ended: Ended) -> None:
        """Keep one payment."""
        self.keep(
            Entry(
                msisdn=order.msisdn,
                reference=order.reference,
                amount=order.amount,
                outcome=ended.outcome,
                at=ended.at,
                payment_id=ended.payment_id,
                receipt=ended.receipt,
                credits=ended.credits,
                credited=ended.credited,
                state=ended.state,
            )
        )

    def keep(self, entry: Entry) -> None:
        """Within the bound."""
        if len(self.entries) < MOST_ROWS:
            self.entries.append(entry)
        else:
            self.left_out += 1

    def clear(self) -> None:
        """Back to nothing."""
        self.entries.clear()
        self.left_out = 0

    def take(self) -> list[list[Any]]:
        """The entries as plain values for the master, and begin again."""
        rows = [
            [
                e.msisdn,
                e.reference,
                e.amount,
                e.outcome.value,
                e.at,
                e.payment_id,
                e.receipt,
                e.credits,
                e.credited,
                e.state.value if e.state is not None else None,
            ]
            for e in self.entries
        ]
        self.clear()
        return rows

    def add(self, rows: Iterable[Iterable[Any]]) -> None:
        """A worker's entries."""
        for msisdn, reference, amount, outcome, at, payment_id, receipt, credits, credited, state in rows:
            self.keep(
                Entry(
                    msisdn=msisdn, reference=reference, amount=amount, outcome=Outcome(outcome), at=at,
                    payment_id=payment_id, receipt=receipt, credits=credits, credited=credited,
                    state=None if state is None else PaymentState(state),
                )
            )  # fmt: skip
