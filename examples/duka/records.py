"""The words the parts of the shop share: payments, their states, and what Daraja said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class State(StrEnum):
    """Where a payment stands, as the customer and staff see it."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"
    REVIEW = "REVIEW"
    """The evidence disagrees or never came. Nothing is credited; a person decides."""


class Topic(StrEnum):
    """What there is to say about a payment; `messages.Messages` has the words."""

    SENDING = "sending"
    WAITING = "waiting"
    CHECKING = "checking"
    """We do not know whether M-Pesa took the request."""
    CODE = "code"
    """M-Pesa gave a result code; the words depend on it."""
    PAID = "paid"
    BAD_NUMBER = "bad_number"
    BAD_AMOUNT = "bad_amount"
    LOCKED = "locked"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    STAFF = "staff"
    """Our own set-up is wrong; the customer can do nothing about it."""
    REVIEW_SILENCE = "review_silence"
    REVIEW_AMOUNT = "review_amount"
    REVIEW_DISAGREE = "review_disagree"
    REVIEW_RECEIPT = "review_receipt"
    REVIEW_TWICE = "review_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer asks to pay, already read and checked."""

    msisdn: str
    """12 digits, 2547... or 2541..."""
    amount: int
    """Whole shillings."""
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One row: one attempt to pay one order."""

    id: str
    reference: str
    msisdn: str
    amount: int
    state: State
    topic: Topic
    result_code: str
    checkout_request_id: str | None
    merchant_request_id: str | None
    receipt: str | None
    claimed_receipt: str | None
    """A receipt that a callback named and that M-Pesa has not confirmed yet."""
    claimed_at: float | None
    awaiting: bool
    """Whether M-Pesa is still to be asked."""
    created_at: float


class AckKind(StrEnum):
    """What an acknowledgement means for the payment, whatever its form on the wire."""

    ACCEPTED = "accepted"
    BUSY = "busy"
    """Refused for now; nothing happened; worth another try."""
    UNAVAILABLE = "unavailable"
    """Nothing happened, and another try at once would not help."""
    UNKNOWN = "unknown"
    """The answer is lost or unreadable: the customer may have a prompt. Never push again."""
    LOCKED = "locked"
    INPUT = "input"
    STAFF = "staff"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The synchronous answer to a push. It is never a payment."""

    kind: AckKind
    checkout_request_id: str = ""
    merchant_request_id: str = ""
    field: str = ""
    """The field Daraja found fault with."""
    detail: str = ""
    """For the log, never for the customer."""


class QueryOutcome(StrEnum):
    """What a query says about a payment."""

    SUCCESS = "success"
    FAILURE = "failure"
    IN_FLIGHT = "in_flight"
    NOTHING = "nothing"
    """An error, or an answer about something else: we know as much as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a query."""

    outcome: QueryOutcome
    code: str = ""
    too_fast: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a callback claims."""

    checkout_request_id: str
    merchant_request_id: str
    code: str
    """Always text, whatever its type on the wire: `0`, `1032`, `SFC_IC0003`."""
    amount: Decimal | None
    receipt: str | None

    @property
    def success(self) -> bool:
        return self.code == "0"
