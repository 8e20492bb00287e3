"""The payments that are remembered: by id, by MSISDN, and the open prompt of each phone."""

from __future__ import annotations

from collections import deque
from typing import Final

from tayari_simulator.state.transactions import Payment, Status

MOST_PAYMENTS: Final = 16_384
"""Beyond this many, the oldest that are through are forgotten, unless another bound is set."""

LOOK_AFTER: Final = 128

_NONE: Final[tuple[Payment, ...]] = ()


class Payments:
    """Payments keyed by the payment, never global."""

    def __init__(self, *, most: int = MOST_PAYMENTS) -> None:
        self.most = most
        self._look_in = LOOK_AFTER
        """After so many more payments the late ones are looked through: on average one look for each payment."""
        self._by_id: dict[str, Payment] = {}
        self._by_msisdn: dict[str, list[Payment]] = {}
        self._prompts: dict[str, Payment] = {}
        self._order: deque[Payment] = deque()
        self._late: dict[str, Payment] = {}
        """Older than all in `_order`, and not through when their turn to be forgotten came."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, checkout_request_id: str) -> bool:
        return checkout_request_id in self._by_id

    def add(self, payment: Payment) -> None:
        """Remember a payment whose prompt has just opened."""
        self._by_id[payment.checkout_request_id] = payment
        same_phone = self._by_msisdn.get(payment.msisdn)
        if same_phone is None:
            self._by_msisdn[payment.msisdn] = [payment]
        else:
            same_phone.append(payment)
        self._prompts[payment.msisdn] = payment
        self._order.append(payment)
        if len(self._order) > self.most:
            self._forget_oldest()

    def find(self, checkout_request_id: str) -> Payment | None:
        """The payment with this id."""
        return self._by_id.get(checkout_request_id)

    def of(self, msisdn: str) -> list[Payment] | tuple[Payment, ...]:
        """The payments of one phone, oldest first."""
        return self._by_msisdn.get(msisdn, _NONE)

    def all(self) -> tuple[Payment, ...]:
        """Every payment that is remembered, oldest first."""
        return (*self._late.values(), *self._order) if self._late else tuple(self._order)

    def prompt(self, msisdn: str) -> Payment | None:
        """The payment whose prompt is open on this phone."""
        return self._prompts.get(msisdn)

    @property
    def open_prompts(self) -> int:
        """How many phones show a prompt."""
        return len(self._prompts)

    def close_prompt(self, payment: Payment) -> None:
        """The prompt is gone from the phone: another push may come."""
        if self._prompts.get(payment.msisdn) is payment:
            del self._prompts[payment.msisdn]

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._by_msisdn.clear()
        self._prompts.clear()
        self._order.clear()
        self._late.clear()

    def _forget_oldest(self) -> None:
        """One that is not through is never forgotten, and holds up no other."""
        oldest = self._order.popleft()
        self._look_in -= 1
        if not self._look_in:
            self._forget_late()
        if oldest.status is Status.PROMPTED or oldest.pending:
            self._late[oldest.checkout_request_id] = oldest
        else:
            self._forget(oldest)

    def _forget_late(self) -> None:
        for payment in [row for row in self._late.values() if row.status is not Status.PROMPTED and not row.pending]:
            del self._late[payment.checkout_request_id]
            self._forget(payment)
        self._look_in = max(LOOK_AFTER, len(self._late))

    def _forget(self, oldest: Payment) -> None:
        del self._by_id[oldest.checkout_request_id]
        same_phone = self._by_msisdn[oldest.msisdn]
        same_phone.remove(oldest)
        if not same_phone:
            del self._by_msisdn[oldest.msisdn]
