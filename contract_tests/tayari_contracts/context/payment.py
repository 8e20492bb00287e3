"""One payment of a check, and what was credited for it."""

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
    """The payer, or who is paid: twelve digits, however they were typed into the merchant; in B2B a short code."""
    amount: int | float
    """Shillings."""
    reference: str
    """The name of the order, the payout or the account, which Tayari chose."""
    started: Started
    """The merchant's answer to the start."""
    since: int
    """The number of the next journal entry when the payment began."""
    began_at: float
    """Epoch seconds."""
    kind: PaymentKind = PaymentKind.STK_PAYMENT
    refund_of: Payment | None = None
    """The payment that a refund gives back; None: this is no refund."""
    transaction_id: str = ""
    """The receipt of a C2B payment; else empty."""
    before: LedgerView | None = None
    """What the account of a C2B payment was credited before it; None: this is none."""

    @cached_property
    def payment_id(self) -> str:
        """The merchant's identifier, or the account's number; the reference where the merchant gives none."""
        return self.started.payment_id or self.reference

    @cached_property
    def record_name(self) -> str:
        """The name of its looks in the record of the run. For refunds and accounts the reference is not unique."""
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
"""Credits of which nothing can be seen: neither how often, nor how much."""
