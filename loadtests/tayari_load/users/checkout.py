"""One payment from the click to its end, as a customer at the merchant's page lives through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tayari_money.payment_state import PaymentState
from tayari_target.views import LedgerView, Started, StatusView

from tayari_load.statistics.latencies import Span
from tayari_load.statistics.payments import Order, Outcome, Payment
from tayari_load.statistics.tally import Tally

FIRST_GAP_S: Final = 0.2
GROWTH: Final = 1.3
LONGEST_GAP_S: Final = 2.0
_FINAL: Final = frozenset({PaymentState.PAID, PaymentState.FAILED, PaymentState.REVIEW})


class Shop(Protocol):
    """What a customer can do at the merchant: the part of `MerchantDriver` that the load uses."""

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started: ...

    def read_status(self, payment_id: str, reference: str) -> StatusView: ...

    def start_payout(self, *, msisdn: str, amount: int, reference: str) -> Started: ...

    def read_payout(self, payout_id: str, reference: str) -> StatusView: ...

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
    """Pays orders for one simulated user and adds each to the tally."""

    shop: Shop
    tally: Tally
    clock: Clock
    patience_s: float
    """A payment in no final state after so long is stuck."""
    user: str = ""
    on_end: Callable[[Payment], None] | None = None
    """Called at every end as well: Locust's statistics and the log of payments."""
    disturbed: Callable[[float, float], bool] = lambda _begin, _end: False
    """Whether the load's shape disturbed Daraja at some time between these epoch seconds."""

    def pay(self, order: Order, *, planned: float | None = None) -> Payment:
        """Start the payment and follow it to its end; `planned`: when it should have been started, by `elapsed`.

        A payment that is interrupted (the run is over, and its user is stopped) counts as stuck.
        """
        clicked, began = self.clock.elapsed(), self.clock.now()
        payment = Payment(order=order, user=self.user)
        self.tally.start(began)
        if planned is not None:
            payment.late_s = max(0.0, clicked - planned)
            self.tally.latencies.record(Span.LATE_START, payment.late_s)
        try:
            self._complete(payment, until=clicked + self.patience_s)
        finally:
            payment.at = self.clock.now()
            payment.duration_s = self.clock.elapsed() - clicked
            payment.disturbed = self.disturbed(began, payment.at)
            if payment.disturbed and payment.outcome is Outcome.REFUSED and payment.answered:
                payment.outcome = Outcome.TURNED_AWAY
            self.tally.end(payment)
            if self.on_end is not None:
                self.on_end(payment)
        return payment

    def _complete(self, payment: Payment, *, until: float) -> None:
        clicked, order = self.clock.elapsed(), payment.order
        start = self.shop.start_payout if order.pays_out else self.shop.start_payment
        started = start(msisdn=order.msisdn, amount=order.amount, reference=order.reference)
        if not started.accepted:
            payment.answered = started.status is not None
            return payment.end(Outcome.REFUSED, refusal(started))
        if not started.payment_id:
            payment.answered = False
            reason = brief("no payment id in the answer", started.message or started.error)
            return payment.end(Outcome.REFUSED, reason)
        payment.payment_id = started.payment_id
        self.tally.acknowledge(self.clock.elapsed() - clicked)
        last = self._follow(payment, until=until)
        match last.state:
            case PaymentState.PAID if order.pays_out:
                payment.receipt = last.receipt or ""
                payment.end(Outcome.SETTLED)
            case PaymentState.PAID:
                self._read_credit(payment, last)
            case PaymentState.FAILED | PaymentState.REVIEW:
                unpaid = Outcome.DECLINED if order.scenario else Outcome.FAILED
                payment.end(unpaid, brief(f"shown as {last.state}", last.message))
            case _:
                payment.end(Outcome.STUCK, pending(last, self.patience_s))
        return None

    def _follow(self, payment: Payment, *, until: float) -> StatusView:
        for gap in gaps():
            self.clock.sleep(min(gap, max(0.0, until - self.clock.elapsed())))
            read = self.shop.read_payout if payment.order.pays_out else self.shop.read_status
            view = read(payment.payment_id, payment.order.reference)
            payment.state = view.state or payment.state
            if view.state in _FINAL or self.clock.elapsed() >= until:
                return view
        raise AssertionError("gaps() has no end")

    def _read_credit(self, payment: Payment, last: StatusView) -> None:
        """Settled, unless the merchant's ledger (or else the status) shows more than one payment's money."""
        ledger = self.shop.read_ledger(payment_id=payment.payment_id, reference=payment.order.reference)
        total = ledger.total if ledger is not None and ledger.total is not None else last.credited
        payment.receipt, payment.credited = last.receipt or "", total
        payment.credits = ledger.credits if ledger is not None else None
        if (payment.credits or 0) > 1:
            payment.end(Outcome.CREDITED_TWICE, f"the ledger shows {payment.credits} credits for one payment")
        elif total is not None and total > payment.order.amount:
            payment.end(Outcome.CREDITED_TWICE, "more was credited than was paid")
        else:
            payment.end(Outcome.SETTLED)


def refusal(started: Started) -> str:
    """Why an order was not taken, short enough to be counted by."""
    if started.status is None:
        return brief("no answer", started.error)
    return brief(f"HTTP {started.status}", started.message or started.error)


def pending(seen: StatusView, patience_s: float) -> str:
    """What was last seen of a payment that never ended."""
    if seen.error:
        return brief("its status could not be read", seen.error)
    shown = f"shown as {seen.state}" if seen.state else f"shown as {seen.raw_state!r}, which no state word covers"
    return f"{shown} after {patience_s:g} s"


def brief(what: str, words: str) -> str:
    """`what: words`, cut short, with the numbers that differ from payment to payment taken out."""
    short = re.sub(r"\d{3,}", "#", " ".join(words.split()))[:80]
    return f"{what}: {short}" if short else what
