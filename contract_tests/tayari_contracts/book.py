"""What all checks of a session did, kept so that the money of the whole run can be judged at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Final

from tayari_money.payment_record import Observation, PaymentRecord
from tayari_target.driver import StatusView

from tayari_contracts.overload import Overload, StartGate
from tayari_contracts.payment import Payment

CRASH: Final = 500
BROKEN: Final = 400


def untranslated(view: StatusView) -> str:
    """The merchant's word for a state that `merchant.status.states` does not name; empty where there is none."""
    readable = not view.error and (view.http_status or 200) < BROKEN
    return view.raw_state if view.state is None and readable else ""


class Book:
    """Payments by order, every look at them, and the ids for which a check forged a success. Thread-safe."""

    def __init__(self, *, payments_at_once: int | None = None, queries_per_minute: float | None = None) -> None:
        self._lock = Lock()
        self._orders: dict[str, list[Payment]] = defaultdict(list)
        self._looks: dict[str, list[Observation]] = defaultdict(list)
        self._forged: set[str] = set()
        self._told: dict[str, str] = {}
        self.overload = Overload()
        self.gate = StartGate(payments_at_once)
        """All checks together start no more payments at once than the merchant promises to bear."""
        self.queries_per_minute = queries_per_minute
        """The merchant's own limit: promised, or learned from its traffic; None: it shows none."""
        self.unknown_word = ""
        """The last word for a state that the target file does not translate."""
        self.receipt_seen = False
        """Whether any look found a receipt."""
        self.records: tuple[PaymentRecord, ...] | None = None
        """The whole run, once it was closed."""

    def start(self, payment: Payment) -> None:
        """A payment was started; payments with one reference are attempts to pay one order."""
        with self._lock:
            self._orders[payment.reference].append(payment)
            if payment.started.message:
                self._told[payment.msisdn] = payment.started.message

    def look(self, payment: Payment, view: StatusView, *, began: float, ended: float) -> None:
        """A payment's state was read; an unreadable one says nothing of it."""
        self.overload.looked(ended - began, well=not view.error and (view.http_status or 0) < CRASH)
        self.unknown_word = untranslated(view) or self.unknown_word
        self.receipt_seen = self.receipt_seen or bool(view.receipt)
        if view.message:
            with self._lock:
                self._told[payment.msisdn] = view.message
        if view.state is not None:
            look = Observation(payment_id=payment.payment_id, state=view.state, began=began, ended=ended)
            with self._lock:
                self._looks[payment.reference].append(look)

    def forge(self, checkout_request_id: str) -> None:
        """A check plays the stranger: callbacks of this payment prove nothing from now on."""
        with self._lock:
            self._forged.add(checkout_request_id)

    @property
    def forged(self) -> frozenset[str]:
        """The ids for which somebody who is not Safaricom sent a success."""
        with self._lock:
            return frozenset(self._forged)

    @property
    def told(self) -> Mapping[str, str]:
        """What each customer was told last, by MSISDN."""
        with self._lock:
            return dict(self._told)

    @property
    def orders(self) -> Mapping[str, tuple[Payment, ...]]:
        """The attempts of each order, in order, by reference."""
        with self._lock:
            return {reference: tuple(payments) for reference, payments in self._orders.items()}

    def looks(self, reference: str) -> tuple[Observation, ...]:
        """The looks at one order, in order of time."""
        with self._lock:
            return tuple(sorted(self._looks[reference], key=lambda look: look.began))
