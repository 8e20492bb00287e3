"""One payment as a check follows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.driver import Started
from tayari_target.views import LedgerView

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW

SETTLED = frozenset({PAID, FAILED, REVIEW})

Entry = dict[str, Any]
"""One journal entry; its shape is in the control API's documentation."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment or a payout that the merchant was asked to start, or a payment that a customer made (C2B)."""

    msisdn: str
    """The payer, or who is paid, twelve digits, however it was typed into the merchant; in B2B a short code."""
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
    transaction_id: str = ""
    """Of a C2B payment: its receipt."""
    before: LedgerView | None = None
    """Of a C2B payment: what the account had before."""

    @cached_property
    def payment_id(self) -> str:
        """The merchant's identifier, or the account's number; the reference where the merchant gives none."""
        return self.started.payment_id or self.reference

    @cached_property
    def record_name(self) -> str:
        """Under which looks at it are kept: a refund has the reference of its payment, an account has several."""
        if self.kind is PaymentKind.C2B_PAYMENT:
            return f"{self.payment_id} {self.transaction_id}"
        return self.reference if self.refund_of is None else f"refund of {self.reference}"


@dataclass(frozen=True, slots=True)
class Credits:
    """What the merchant credited for one payment: how often, and how many shillings where that is visible."""

    count: int
    total: float | None
    counted: bool = True
    """Whether credits were counted; else only their sum was seen, and `count` is derived from it."""
    can_show_more: bool = True
    """Whether a second credit would change what is read; not where the merchant says only true or false."""

    @property
    def rows(self) -> int | None:
        """How often, where credits were counted."""
        return self.count if self.counted else None


NOT_SEEN = Credits(count=0, total=None, counted=False)
"""Nothing is visible: neither how often, nor how much."""
