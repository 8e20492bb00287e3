"""One payment from the click to its end, as a customer at the merchant's page lives through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tayari.merchant.views import LedgerView, Started, StatusView
from tayari.target.model import PaymentState

from tayari_load.customers import Order
from tayari_load.outcome import Ended, Outcome, Tally

FIRST_GAP_S: Final = 0.2
GROWTH: Final = 1.3
LONGEST_GAP_S: Final = 2.0
_FINAL: Final = frozenset({PaymentState.PAID, PaymentState.FAILED, PaymentState.REVIEW})


class Shop(Protocol):
    """What a customer can do at the merchant: the part of `MerchantDriver` that the load uses."""

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started: ...

    def read_status(self, payment_id: str, reference: str) -> StatusView: ...

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None: ...


class Clock(Protocol):
    """Time as a user of the load sees it; the tests' own does not pass by itself."""

    def now(self) -> float:
        """Epoch seconds."""

    def elapsed(self) -> float:
        """Seconds that only grow, for durations."""

    def sleep(self, seconds: float) -> None:
        """Let others run for so long."""


def gaps() -> Iterator[float]:
    """Seconds between two looks at a payment: 0.2 at first, a third more each time, 2 at most."""
    gap = FIRST_GAP_S
    while True:
        yield gap
        gap = min(gap * GROWTH, LONGEST_GAP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Pays orders for one simulated user and tells the tally what became of each."""

    shop: Shop
    tally: Tally
    clock: Clock
    patience_s: float
    """A payment in no final state after so long is stuck."""
    user: str = ""
    on_end: Callable[[Order, Ended], None] | None = None
    """Told of every end as well; Locust's statistics listen here."""

    def pay(self, order: Order) -> Ended:
        """Start the payment and follow it to its end.

        If it is interrupted (the run is over, and the user is stopped), the payment is told as stuck.
        """
        clicked = self.clock.elapsed()
        self.tally.start(self.clock.now())
        outcome, reason = Outcome.STUCK, "the run ended before the payment did"
        try:
            outcome, reason = self._outcome(order, until=clicked + self.patience_s)
        finally:
            ended = Ended(
                outcome=outcome,
                at=self.clock.now(),
                duration_s=self.clock.elapsed() - clicked,
                reason=reason,
                user=self.user,
            )
            self.tally.end(ended)
            if self.on_end is not None:
                self.on_end(order, ended)
        return ended

    def _outcome(self, order: Order, *, until: float) -> tuple[Outcome, str]:
        started = self.shop.start_payment(msisdn=order.msisdn, amount=order.amount, reference=order.reference)
        if not started.accepted:
            return Outcome.REFUSED, refusal(started)
        if not started.payment_id:
            return Outcome.REFUSED, said("no payment id in the answer", started.message or started.error)
        self.tally.acknowledge()
        seen = self._follow(started.payment_id, order.reference, until=until)
        match seen.state:
            case PaymentState.PAID:
                return self._credited(order, started.payment_id, seen)
            case PaymentState.FAILED | PaymentState.REVIEW:
                return Outcome.FAILED, said(f"shown as {seen.state}", seen.message)
            case _:
                return Outcome.STUCK, pending(seen, self.patience_s)

    def _follow(self, payment_id: str, reference: str, *, until: float) -> StatusView:
        for gap in gaps():
            self.clock.sleep(min(gap, max(0.0, until - self.clock.elapsed())))
            seen = self.shop.read_status(payment_id, reference)
            if seen.state in _FINAL or self.clock.elapsed() >= until:
                return seen
        raise AssertionError("gaps() has no end")

    def _credited(self, order: Order, payment_id: str, seen: StatusView) -> tuple[Outcome, str]:
        """Settled, unless the merchant's ledger (or else the status) shows more than one payment's money."""
        ledger = self.shop.read_ledger(payment_id=payment_id, reference=order.reference)
        if ledger is not None and (ledger.credits or 0) > 1:
            return Outcome.CREDITED_TWICE, f"the ledger shows {ledger.credits} credits for one payment"
        total = ledger.total if ledger is not None and ledger.total is not None else seen.credited
        if total is not None and total > order.amount:
            return Outcome.CREDITED_TWICE, "more was credited than was paid"
        return Outcome.SETTLED, ""


def refusal(started: Started) -> str:
    """Why an order was not taken, short enough to be counted by."""
    if started.status is None:
        return said("no answer", started.error)
    return said(f"HTTP {started.status}", started.message or started.error)


def pending(seen: StatusView, patience_s: float) -> str:
    """What was last seen of a payment that never ended."""
    if seen.error:
        return said("its status could not be read", seen.error)
    shown = f"shown as {seen.state}" if seen.state else f"shown as {seen.raw_state!r}, which no state word covers"
    return f"{shown} after {patience_s:g} s"


def said(what: str, words: str) -> str:
    """`what: words`, cut short, with the numbers that differ from payment to payment taken out."""
    brief = re.sub(r"\d{3,}", "#", " ".join(words.split()))[:80]
    return f"{what}: {brief}" if brief else what
