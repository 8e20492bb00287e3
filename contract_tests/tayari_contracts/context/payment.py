"""One payment as a check follows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tayari_money.payment_record import PaymentKind
from tayari_money.payment_state import PaymentState
from tayari_target.driver import MerchantDriver, Started, StatusView

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW

SETTLED = frozenset({PAID, FAILED, REVIEW})

Entry = dict[str, Any]
"""One journal entry; its shape is in the control API's documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment, or a payout, that the merchant was asked to start."""

    msisdn: str
    """The payer, or who is paid, twelve digits, however it was typed into the merchant."""
    amount: int | float
    reference: str
    started: Started
    since: int
    """Journal number from before the payment began."""
    began_at: float
    """Epoch seconds."""
    kind: PaymentKind = PaymentKind.STK_PAYMENT
    refund_of: Payment | None = None
    """Of a refund: the payment that it gives back."""

    @property
    def payment_id(self) -> str:
        """The merchant's identifier; the reference where the merchant gives none."""
        return self.started.payment_id or self.reference

    @property
    def record_name(self) -> str:
        """Under which looks at it are kept: a refund has the reference of its payment."""
        return self.reference if self.refund_of is None else f"refund of {self.reference}"


@dataclass(frozen=True, slots=True)
class Credits:
    """What the merchant credited for one payment: how often, and how many shillings where that is visible."""

    count: int
    total: float | None
    counted: bool = True
    """Whether credits were counted; else only their sum was seen, and `count` is derived from it."""


def read_state(driver: MerchantDriver, payment: Payment) -> StatusView:
    """The merchant's own word on a payment, a payout or a refund, now."""
    if payment.refund_of is not None:
        of = payment.refund_of
        return driver.read_refund(payment.payment_id, payment_id=of.payment_id, reference=of.reference)
    read = driver.read_payout if payment.kind is PaymentKind.PAYOUT else driver.read_status
    return read(payment.payment_id, payment.reference)


def states_of(states: PaymentState | Iterable[PaymentState]) -> frozenset[PaymentState]:
    """One state or several, as a set."""
    return frozenset({states}) if isinstance(states, PaymentState) else frozenset(states)
