"""One payment from the click to its end, as a customer at the merchant's page lives through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tayari_control.client import ControlError
from tayari_money.payment_record import PaymentState
from tayari_target.views import LedgerView, Started, StatusView

from tayari_load.statistics.latencies import Span
from tayari_load.statistics.payments import LoadPayment, Order, PaymentOutcome
from tayari_load.statistics.tally import Tally

FIRST_GAP_S: Final = 0.2
GROWTH: Final = 1.3
LONGEST_GAP_S: Final = 2.0
_QUICK_LOOKS: Final = 6
"""How many first looks read the account alone, as most are credited by then. Later looks also ask M-Pesa, and read the
merchant's list of payments that belong to no account."""
_FINAL: Final = frozenset({PaymentState.PAID, PaymentState.FAILED, PaymentState.REVIEW})


class Reader(Protocol):
    """Where the merchant shows the state of a payment: the part of `MerchantDriver` that reads states."""

    def read_status(self, payment_id: str, reference: str) -> StatusView: ...

    def read_payout(self, payout_id: str, reference: str) -> StatusView: ...

    def read_c2b_payment(self, account: str, reference: str, *, receipt: str) -> StatusView: ...


class Shop(Reader, Protocol):
    """What a customer can do at the merchant, as `MerchantDriver` does it, and in M-Pesa's own menu."""

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started: ...

    def start_payout(self, *, msisdn: str, amount: int, reference: str) -> Started: ...

    def open_account(self, *, msisdn: str, amount: int, reference: str) -> Started: ...

    def pay_in(self, order: Order, account: str) -> str:
        """The customer pays into the account; the receipt. Raises ControlError: the simulator did not take it."""

    def not_made(self, order: Order) -> str:
        """Why M-Pesa did not make the customer's payment; empty where it did, or has not decided yet."""

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None: ...


class LoadClock(Protocol):
    """Time as a user of the load sees it; the tests' own does not pass by itself."""

    def now(self) -> float:
        """Epoch seconds."""

    def elapsed(self) -> float:
        """Seconds that only grow, for durations."""

    def sleep(self, seconds: float) -> None:
        """Let others run for this time."""


def read_state(reader: Reader, payment: LoadPayment, *, unallocated: bool = True) -> StatusView:
    """What the merchant shows of a payment of any kind, now; `unallocated`: its list of what it cannot assign, too."""
    order = payment.order
    if order.pays_in:
        receipt = payment.receipt if unallocated else ""
        return reader.read_c2b_payment(payment.payment_id, order.reference, receipt=receipt)
    read = reader.read_payout if order.pays_out else reader.read_status
    return read(payment.payment_id, order.reference)


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
    clock: LoadClock
    patience_s: float
    """A payment in no final state after this time is stuck."""
    user: str = ""
    on_end: Callable[[LoadPayment], None] | None = None
    """Called at every end as well: Locust's statistics and the log of payments."""
    disturbed: Callable[[float, float], bool] = lambda _begin, _end: False
    """Whether the load's shape disturbed Daraja at some time between these epoch seconds."""

    def pay(self, order: Order, *, planned: float | None = None) -> LoadPayment:
        """Start the payment and follow it to its end; `planned`: when it should have been started, by `elapsed`.

        A payment that is interrupted (the run is over, and its user is stopped) counts as stuck.
        """
        clicked, began = self.clock.elapsed(), self.clock.now()
        payment = LoadPayment(order=order, user=self.user)
        if order.may_stay_open:
            payment.end(PaymentOutcome.DECLINED, "its scenario leaves it open")
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
            if payment.disturbed and payment.outcome is PaymentOutcome.REFUSED and payment.answered:
                payment.outcome = PaymentOutcome.TURNED_AWAY
            self.tally.end(payment)
            if self.on_end is not None:
                self.on_end(payment)
        return payment

    def _complete(self, payment: LoadPayment, *, until: float) -> None:
        clicked, order = self.clock.elapsed(), payment.order
        started = self._start(order)
        if not started.accepted:
            payment.answered = started.status is not None
            return payment.end(PaymentOutcome.REFUSED, refusal(started))
        if not started.payment_id:
            payment.answered = False
            reason = brief("no payment id in the answer", started.message or started.error)
            return payment.end(PaymentOutcome.REFUSED, reason)
        payment.payment_id = started.payment_id
        self.tally.acknowledge(self.clock.elapsed() - clicked)
        if order.pays_in:
            try:
                payment.receipt = self.shop.pay_in(order, payment.payment_id)
            except ControlError as error:
                reason = brief("the simulator did not take the customer's payment", str(error))
                return payment.end(PaymentOutcome.STUCK, reason)
        self._settle(payment, self._follow(payment, until=until))
        return None

    def _start(self, order: Order) -> Started:
        """Ask for a payment or a payout; a customer who pays in has an account opened first."""
        start: Callable[..., Started] = self.shop.start_payment
        if order.pays_out:
            start = self.shop.start_payout
        elif order.pays_in:
            start = self.shop.open_account
        return start(msisdn=order.msisdn, amount=order.amount, reference=order.reference)

    def _settle(self, payment: LoadPayment, last: StatusView) -> None:
        """How the payment ended, by what was seen last."""
        order = payment.order
        unpaid = PaymentOutcome.DECLINED if order.scenario else PaymentOutcome.FAILED
        match last.state:
            case PaymentState.PAID if order.pays_out:
                payment.receipt = last.receipt or ""
                payment.end(PaymentOutcome.SETTLED)
            case PaymentState.PAID:
                self._read_credit(payment, last)
            case PaymentState.FAILED | PaymentState.REVIEW:
                payment.end(unpaid, brief(f"shown as {last.state}", last.message))
            case PaymentState.PENDING if order.pays_in and (why := self.shop.not_made(order)):
                payment.end(unpaid, brief("M-Pesa did not make the payment", why))
            case PaymentState.PENDING if order.may_stay_open:
                payment.end(PaymentOutcome.DECLINED, pending(last, self.patience_s))
            case _:
                payment.end(PaymentOutcome.STUCK, pending(last, self.patience_s))

    def _follow(self, payment: LoadPayment, *, until: float) -> StatusView:
        """Look until the payment has ended. A customer who pays in reads on the phone when M-Pesa does not pay."""
        for number, gap in enumerate(gaps()):
            self.clock.sleep(min(gap, max(0.0, until - self.clock.elapsed())))
            view = read_state(self.shop, payment, unallocated=number >= _QUICK_LOOKS)
            payment.state = view.state or payment.state
            if view.state in _FINAL or self.clock.elapsed() >= until:
                return view
            if payment.order.pays_in and number >= _QUICK_LOOKS and self.shop.not_made(payment.order):
                return view
        raise AssertionError("gaps() has no end")

    def _read_credit(self, payment: LoadPayment, last: StatusView) -> None:
        """Settled, unless the merchant's ledger (or else the status) shows more than one payment's money."""
        if payment.order.pays_in:
            payment.credited, payment.credits = last.credited, last.credits
        else:
            ledger = self.shop.read_ledger(payment_id=payment.payment_id, reference=payment.order.reference)
            total = ledger.total if ledger is not None and ledger.total is not None else last.total
            payment.receipt, payment.credited = last.receipt or "", total
            payment.credits = ledger.credits if ledger is not None else None
        judge_credit(payment)


def judge_credit(payment: LoadPayment) -> bool:
    """End a payment that is shown as paid, by what was credited for it. True: it was credited twice."""
    if (payment.credits or 0) > 1:
        payment.end(PaymentOutcome.CREDITED_TWICE, f"the ledger shows {payment.credits} credits for one payment")
    elif payment.credited is not None and payment.credited > payment.order.amount:
        payment.end(PaymentOutcome.CREDITED_TWICE, "more was credited than was paid")
    else:
        payment.end(PaymentOutcome.SETTLED)
    return payment.outcome is PaymentOutcome.CREDITED_TWICE


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
