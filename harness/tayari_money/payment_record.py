"""One record of a payment: what the merchant shows of it, and what Daraja knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PaymentState(StrEnum):
    """The four states a merchant's own words are mapped to."""

    PAID = "paid"
    FAILED = "failed"
    PENDING = "pending"
    REVIEW = "review"
    """A person decides; nothing is credited."""


class PaymentKind(StrEnum):
    """Which way the money goes, and who starts it."""

    STK_PAYMENT = "STK payment"
    C2B_PAYMENT = "C2B payment"
    PAYOUT = "payout"
    """From the merchant to a customer."""
    REFUND = "refund"
    """Of a payment that the merchant received."""


RECEIVED: Final = frozenset({PaymentKind.STK_PAYMENT, PaymentKind.C2B_PAYMENT})
"""What customers pay."""


class PaymentResult(StrEnum):
    """What a message of M-Pesa reports about a transaction."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNDECIDED = "undecided"
    """In flight, or an error: the merchant knows as much as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedResult:
    """One report that reached the merchant: a callback, or the response to its query."""

    at: float
    """Epoch seconds. The merchant received the message at this time or later."""
    result: PaymentResult
    by_query: bool = False
    pulled: bool = False
    """A row of pull transactions: it proves a payment, and nobody has to settle a push by it."""
    answered: bool = True
    """The merchant answered, so the message was not lost on its way."""
    timed_out: bool = False
    """M-Pesa called the QueueTimeOutURL, which decides nothing: the transaction may still be made."""
    amount: float | None = None
    receipt: str = ""
    account: str = ""
    """Of a C2B confirmation: the short code and the account that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DarajaTransaction:
    """One transaction that Daraja accepted, with its true result."""

    transaction_id: str
    """CheckoutRequestID, or the ConversationID of a payout or refund."""
    amount: float
    completed: bool
    """The money has moved."""
    due_at: float
    """Epoch seconds at which the result became true."""
    receipt: str = ""
    account_reference: str = ""
    acknowledged: bool = True
    """The merchant received the acknowledgement, and an id to query with it."""
    forged: bool = False
    """Somebody who is not Safaricom sent a success for it: callbacks prove nothing here."""
    messages: tuple[ReceivedResult, ...] = ()

    @property
    def succeeded_late(self) -> bool:
        """M-Pesa called it failed first. Another try of the order may have been paid before its success came."""
        failures = [one.at for one in self.messages if one.result is PaymentResult.FAILURE]
        successes = [one.at for one in self.messages if one.result is PaymentResult.SUCCESS]
        return self.completed and bool(failures) and (not successes or min(failures) < min(successes))

    def proofs(self) -> Iterator[ReceivedResult]:
        """The messages from which the merchant can know that the transaction succeeded."""
        return (
            one for one in self.messages if one.result is PaymentResult.SUCCESS and (one.by_query or not self.forged)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One reading of the state that the merchant shows."""

    payment_id: str
    state: PaymentState
    began: float
    """Epoch seconds; observations of several threads may overlap."""
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """One payment, payout or refund as the merchant and Daraja know it at the end of a run."""

    reference: str
    ordered: float | None
    """Shillings; None where the merchant decides the amount itself."""
    transactions: tuple[DarajaTransaction, ...]
    observations: tuple[Observation, ...] = ()
    """In order of time; the last one is the end."""
    credits: int | None = None
    """How often the merchant credited its customer; None: not visible."""
    total: float | None = None
    """Shillings credited; None: not visible."""
    kind: PaymentKind = PaymentKind.STK_PAYMENT
    name: str = ""
    """The merchant's own id, if it does not get the reference."""
    receipt: str | None = None
    """As the customer sees it."""
    refund_of: str = ""
    """The reference of the payment that a refund returns."""
    in_parts: bool = False
    """The merchant may ask for the order in several pushes, so that the sum counts."""
    several_attempts: bool = False
    """More than one payment was started under one identifier, so that failed may become pending again."""

    @property
    def state(self) -> PaymentState | None:
        """The last state; None: it was never readable."""
        return self.observations[-1].state if self.observations else None

    @property
    def credited(self) -> bool:
        """Whether the customer was credited at all."""
        return bool(self.credits) or bool(self.total)

    @property
    def paid_in_all(self) -> float:
        """Shillings that the customer paid for it."""
        return round(sum(one.amount for one in self.completed), 2)

    @property
    def completed(self) -> tuple[DarajaTransaction, ...]:
        """The transactions that moved money."""
        return tuple(one for one in self.transactions if one.completed)
