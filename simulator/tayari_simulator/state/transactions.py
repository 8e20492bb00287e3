"""A transaction, its states, and what moves it from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tayari_simulator.state.behaviour import Play
from tayari_simulator.state.exchange import Exchange


class Status(StrEnum):
    """Where a payment stands inside Daraja."""

    __hash__ = str.__hash__  # the one that StrEnum has is written in Python, and each payment asks often

    PROMPTED = "prompted"
    PAID = "paid"
    FAILED = "failed"


class Event(StrEnum):
    """What can happen to a payment."""

    __hash__ = str.__hash__

    APPROVED = "approved"
    """The money moved: ResultCode 0."""
    DECLINED = "declined"
    """Any other final ResultCode."""


NEXT: Final[Mapping[tuple[Status, Event], Status]] = MappingProxyType({
    (Status.PROMPTED, Event.APPROVED): Status.PAID,
    (Status.PROMPTED, Event.DECLINED): Status.FAILED,
    (Status.FAILED, Event.APPROVED): Status.PAID,
    (Status.FAILED, Event.DECLINED): Status.FAILED,
    (Status.PAID, Event.DECLINED): Status.PAID,
})  # fmt: skip
"""The legal moves. Money that moved stays moved: a later failure is only a message. A second approval is illegal."""


class Ending(StrEnum):
    """What became of the callbacks of a payment for which nothing is to come any more."""

    __hash__ = str.__hash__

    CALLED_BACK = "called_back"
    """At least one was sent, or tried."""
    DROPPED = "dropped_by_scenario"
    """Its scenario sends none."""
    NOT_ALLOWED = "not_allowed"
    """Its host may not be called."""


class IllegalEvent(Exception):
    """An event that no row of `NEXT` allows: a defect of the simulator."""

    def __init__(self, status: Status, event: Event) -> None:
        super().__init__(f"a payment that is {status} cannot be {event}")
        self.status = status
        self.event = event


class Move(NamedTuple):
    """One result, and the states before and after it."""

    at_s: float
    before: Status
    after: Status
    result_code: int | str
    result_desc: str


@dataclass(slots=True)
class Transaction:
    """One movement of money, or one attempt at it. Mutable: the message and the query read the same record.

    Amounts are whole shillings; times are clock seconds.
    """

    id: str
    """`CheckoutRequestID` of an STK push, `ConversationID` of an initiator API, receipt of a C2B payment."""
    request_id: str
    """`MerchantRequestID`, or `OriginatorConversationID`."""
    kind: str
    """The call that made it: the name of a row in `apis.registry`."""
    msisdn: str
    """The customer's phone; the other organisation's short code where no customer takes part."""
    amount: int
    short_code: str
    party_b: str
    """Who receives the money."""
    reference: str
    url: str
    """Where its later message goes; empty: there is none."""
    created_s: float
    due_s: float
    command: str = ""
    """`TransactionType`, or `CommandID`."""
    timeout_url: str = ""
    """`QueueTimeOutURL`."""
    details: dict[str, Any] | None = None
    """What its own API alone needs; plain values, so that the journal can keep them."""
    play: Play | None = None
    status: Status = Status.PROMPTED
    result_code: int | str | None = None
    result_desc: str = ""
    receipt: str = ""
    reversed_by: str = ""
    """The receipt of its reversal."""
    completed_s: float = 0.0
    """When the truth was last set; 0 while prompted."""
    moves: tuple[Move, ...] = ()
    """Every result that the truth followed, in order."""
    step: int = 0
    """How many results were played."""
    queries: int = 0
    pending: int = 0
    """Results and deliveries still to come."""
    callbacks: tuple[Exchange, ...] = ()
    seq: int = 0
    """The push's number in the journal."""
    forced: int | str | None = None
    """A result code decided at acceptance by a rule of M-Pesa, not by a scenario."""
    next_due_s: float = 0.0
    """When the next result falls due; 0: no further one is to come."""
    ending: Ending | None = None
    """What became of its callbacks so far; it is final once nothing is pending."""

    def move(self, event: Event) -> None:
        """Apply one event.

        Raises:
            IllegalEvent: no row of `NEXT` allows it.
        """
        status = NEXT.get((self.status, event))
        if status is None:
            raise IllegalEvent(self.status, event)
        self.status = status
