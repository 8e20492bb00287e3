"""One payment from the click to its end, as a customer at the merchant's page lives through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tayari_money.payment_state import PaymentState
from tayari_target.views import LedgerView, Started, StatusView

from tayari_load.customers import Order
from tayari_load.latencies import Span
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


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one payment has come to so far: an interrupt keeps what is here."""

    outcome: Outcome = Outcome.STUCK
    reason: str = "the run ended before the payment did"
    payment_id: str = ""
    receipt: str = ""
    credits: int | None = None
    credited: float | None = None
    answered: bool = False
    """A refusal that the merchant itself gave, and not silence."""
    state: PaymentState | None = None

    def end(self, outcome: Outcome, reason: str) -> None:
        """Its end, and why."""
        self.outcome, self.reason = outcome, reason


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
    disturbed: Callable[[float, float], bool] = lambda _begin, _end: False
    """Whether the load's shape disturbed Daraja at some time between these epoch seconds."""

    def pay(self, order: Order, *, planned: float | None = None) -> Ended:
        """Start the payment and follow it to its end; `planned`: when it should have been started, by `elapsed`.

        If it is interrupted (the run is over, and the user is stopped), the payment is told as stuck.
        """
        clicked = self.clock.elapsed()
        late_s = 0.0 if planned is None else max(0.0, clicked - planned)
        seen, began = Seen(), self.clock.now()
        self.tally.start(began)
        if planned is not None:
            self.tally.latencies.record(Span.LATE_START, late_s)
        try:
            self._live_through(order, seen, until=clicked + self.patience_s)
        finally:
            now = self.clock.now()
            disturbed = self.disturbed(began, now)
            away = disturbed and seen.outcome is Outcome.REFUSED and seen.answered
            ended = Ended(
                outcome=Outcome.TURNED_AWAY if away else seen.outcome,
                at=now,
                duration_s=self.clock.elapsed() - clicked,
                reason=seen.reason,
                user=self.user,
                late_s=late_s,
                disturbed=disturbed,
                payment_id=seen.payment_id,
                receipt=seen.receipt,
                credits=seen.credits,
                credited=seen.credited,
                state=seen.state,
            )
            self.tally.end(ended)
            if self.on_end is not None:
                self.on_end(order, ended)
        return ended

    def _live_through(self, order: Order, seen: Seen, *, until: float) -> None:
        clicked = self.clock.elapsed()
        started = self.shop.start_payment(msisdn=order.msisdn, amount=order.amount, reference=order.reference)
        if not started.accepted:
            seen.answered = started.status is not None
            return seen.end(Outcome.REFUSED, refusal(started))
        if not started.payment_id:
            return seen.end(Outcome.REFUSED, said("no payment id in the answer", started.message or started.error))
        seen.payment_id = started.payment_id
        self.tally.acknowledge(self.clock.elapsed() - clicked)
        last = self._follow(started.payment_id, order.reference, until=until, seen=seen)
        match last.state:
            case PaymentState.PAID:
                self._credited(order, started.payment_id, last, seen)
            case PaymentState.FAILED | PaymentState.REVIEW:
                unpaid = Outcome.DECLINED if order.scenario else Outcome.FAILED
                seen.end(unpaid, said(f"shown as {last.state}", last.message))
            case _:
                seen.end(Outcome.STUCK, pending(last, self.patience_s))
        return None

    def _follow(self, payment_id: str, reference: str, *, until: float, seen: Seen) -> StatusView:
        for gap in gaps():
            self.clock.sleep(min(gap, max(0.0, until - self.clock.elapsed())))
            view = self.shop.read_status(payment_id, reference)
            seen.state = view.state or seen.state
            if view.state in _FINAL or self.clock.elapsed() >= until:
                return view
        raise AssertionError("gaps() has no end")

    def _credited(self, order: Order, payment_id: str, last: StatusView, seen: Seen) -> None:
        """Settled, unless the merchant's ledger (or else the status) shows more than one payment's money."""
        ledger = self.shop.read_ledger(payment_id=payment_id, reference=order.reference)
        total = ledger.total if ledger is not None and ledger.total is not None else last.credited
        seen.receipt, seen.credited = last.receipt or "", total
        seen.credits = ledger.credits if ledger is not None else None
        if (seen.credits or 0) > 1:
            seen.end(Outcome.CREDITED_TWICE, f"the ledger shows {seen.credits} credits for one payment")
        elif total is not None and total > order.amount:
            seen.end(Outcome.CREDITED_TWICE, "more was credited than was paid")
        else:
            seen.end(Outcome.SETTLED, "")


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
