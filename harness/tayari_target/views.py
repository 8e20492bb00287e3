"""What the driver says about the merchant: frozen records, errors included, so that nothing is raised half-way."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_money.payment_record import PaymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The answer to the start of a payment."""

    accepted: bool
    """The merchant answered 2xx or 3xx."""
    status: int | None
    """None: no answer; `error` says why."""
    payment_id: str | None
    """None: not found in the answer."""
    message: str = ""
    """The message to the customer: as extracted, or the visible text of an HTML page; empty if there is none."""
    body: str = ""
    error: str = ""
    duration_s: float = 0.0
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """One reading of a payment's state."""

    state: PaymentState | None
    """None: not readable, or a word that the target file does not map."""
    raw_state: str = ""
    """The merchant's own word."""
    message: str = ""
    receipt: str | None = None
    credited: float | None = None
    """Shillings; true counts as the full amount of a payment that this driver started."""
    says_only_credited: bool = False
    """`credited` was read as true, which a second credit does not change."""
    credits: int | None = None
    """Of a C2B payment: how often its account was credited; None where the account shows sums alone."""
    http_status: int | None = None
    """None for probes, and when no answer came."""
    body: str = ""
    error: str = ""

    @property
    def total(self) -> float | None:
        """Shillings, as a sum that a second credit would change; None where the merchant says only that it credited."""
        return None if self.says_only_credited else self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """One reading of the merchant's ledger for one payment."""

    credits: int | None
    """How often the customer was credited; None: it could not be read, `error` says why."""
    total: float | None = None
    """Sum credited, shillings; None where the target file does not say where it is."""
    error: str = ""

    def since(self, before: LedgerView) -> LedgerView:
        """What was credited since an earlier reading."""
        return LedgerView(
            credits=None if self.credits is None else self.credits - (before.credits or 0),
            total=None if self.total is None else self.total - (before.total or 0.0),
            error=self.error,
        )
