"""The state of a payment, as a merchant shows it."""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    """The four states a merchant's own words are mapped to."""

    PAID = "paid"
    FAILED = "failed"
    PENDING = "pending"
    REVIEW = "review"
    """A person decides; nothing is credited."""
