"""A transaction, its states, what moves it from one to the next, and all transactions that are remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tayari_simulator.state.behaviour import Play
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.identifiers import eat_day


class Status(StrEnum):
    """The state of a payment inside Daraja."""

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
    """How the callbacks of a payment ended, once nothing is planned for it any more."""

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
    """When the state last changed; 0 while prompted."""
    moves: tuple[Move, ...] = ()
    """Every result that changed the state, in order."""
    step: int = 0
    """How many results were played."""
    queries: int = 0
    pending: int = 0
    """Results and deliveries still to come."""
    callbacks: tuple[JournalExchange, ...] = ()
    seq: int = 0
    """The push's number in the journal."""
    forced: int | str | None = None
    """A result code decided at acceptance by a rule of M-Pesa, not by a scenario."""
    next_due_s: float = 0.0
    """When the next result falls due; 0: no further one is to come."""
    ending: Ending | None = None
    """How its callbacks have ended so far; it is final once nothing is pending."""

    def move(self, event: Event) -> None:
        """Apply one event.

        Raises:
            IllegalEvent: no row of `NEXT` allows it.
        """
        status = NEXT.get((self.status, event))
        if status is None:
            raise IllegalEvent(self.status, event)
        self.status = status


MOST_PAYMENTS: Final = 16_384
"""Beyond this many, the oldest finished ones are forgotten, unless another bound is set."""

LOOK_AFTER: Final = 128

_NONE: Final[tuple[Transaction, ...]] = ()


class Transactions:
    """Transactions keyed by the transaction, never global."""

    def __init__(self, *, most: int = MOST_PAYMENTS) -> None:
        self.most = most
        self._look_in = LOOK_AFTER
        """How many more payments until the late ones are looked through: on average one look for each payment."""
        self._by_id: dict[str, Transaction] = {}
        self._by_request: dict[str, Transaction] | None = None
        self._by_receipt: dict[str, Transaction] | None = None
        """None until somebody asks by it: a merchant of STK pushes never does, and pays nothing for it."""
        self._by_msisdn: dict[str, list[Transaction]] = {}
        self._paid: dict[str, tuple[int, int]] = {}
        """What each phone has paid, and each short code paid out: the number of the day, and its shillings."""
        self._order: deque[Transaction] = deque()
        self._late: dict[str, Transaction] = {}
        """Older than all in `_order`, and not through when their turn to be forgotten came."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, transaction_id: str) -> bool:
        return transaction_id in self._by_id

    def add(self, transaction: Transaction) -> None:
        """Remember a transaction that was just accepted."""
        self._by_id[transaction.id] = transaction
        if self._by_request is not None:
            self._by_request[transaction.request_id] = transaction
        if transaction.receipt:
            self.keep_receipt(transaction)
        same_phone = self._by_msisdn.get(transaction.msisdn)
        if same_phone is None:
            self._by_msisdn[transaction.msisdn] = [transaction]
        else:
            same_phone.append(transaction)
        self._order.append(transaction)
        if len(self._order) > self.most:
            self._forget_oldest()

    def find(self, transaction_id: str) -> Transaction | None:
        """The transaction with this id."""
        return self._by_id.get(transaction_id)

    def find_request(self, request_id: str) -> Transaction | None:
        """The transaction with this `MerchantRequestID` or `OriginatorConversationID`."""
        if self._by_request is None:
            self._by_request = {row.request_id: row for row in self.all()}
        return self._by_request.get(request_id)

    def find_receipt(self, receipt: str) -> Transaction | None:
        """The transaction with this M-Pesa receipt."""
        if self._by_receipt is None:
            self._by_receipt = {row.receipt: row for row in self.all() if row.receipt}
        return self._by_receipt.get(receipt)

    def find_by_any_id(self, identifier: str) -> Transaction | None:
        """The transaction with this id, receipt, `MerchantRequestID` or `OriginatorConversationID`."""
        return self.find(identifier) or self.find_receipt(identifier) or self.find_request(identifier)

    def keep_receipt(self, transaction: Transaction) -> None:
        """The transaction has got its receipt: it is found by it from now on."""
        if self._by_receipt is not None:
            self._by_receipt[transaction.receipt] = transaction

    def note_paid(self, payer: str, at_s: float, amount: int) -> None:
        """A phone, or an organisation, has paid this amount at this moment."""
        day, known = eat_day(at_s), self._paid.get(payer)
        if known is not None and known[0] == day:
            amount += known[1]
        self._paid[payer] = (day, amount)

    def paid(self, payer: str, at_s: float) -> int:
        """What a phone, or an organisation, has paid on the day of this moment, shillings."""
        known = self._paid.get(payer)
        return known[1] if known is not None and known[0] == eat_day(at_s) else 0

    def of(self, msisdn: str) -> list[Transaction] | tuple[Transaction, ...]:
        """The transactions of one phone, oldest first."""
        return self._by_msisdn.get(msisdn, _NONE)

    def all(self) -> tuple[Transaction, ...]:
        """Every transaction that is remembered, oldest first."""
        return (*self._late.values(), *self._order) if self._late else tuple(self._order)

    def latest(self, number: int) -> list[Transaction]:
        """The transactions that were accepted last, up to a number, oldest first."""
        return list(islice(reversed(self._order), number))[::-1]

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._by_request = self._by_receipt = None
        self._paid.clear()
        self._by_msisdn.clear()
        self._order.clear()
        self._late.clear()

    def _forget_oldest(self) -> None:
        """A transaction that is not finished is never forgotten; finished ones after it are."""
        oldest = self._order.popleft()
        self._look_in -= 1
        if not self._look_in:
            self._forget_late()
        if oldest.status is Status.PROMPTED or oldest.pending:
            self._late[oldest.id] = oldest
        else:
            self._forget(oldest)

    def _forget_late(self) -> None:
        for transaction in [
            row for row in self._late.values() if row.status is not Status.PROMPTED and not row.pending
        ]:
            del self._late[transaction.id]
            self._forget(transaction)
        self._look_in = max(LOOK_AFTER, len(self._late))

    def _forget(self, oldest: Transaction) -> None:
        del self._by_id[oldest.id]
        if self._by_request is not None and self._by_request.get(oldest.request_id) is oldest:
            del self._by_request[oldest.request_id]
        if self._by_receipt is not None and self._by_receipt.get(oldest.receipt) is oldest:
            del self._by_receipt[oldest.receipt]
        same_phone = self._by_msisdn[oldest.msisdn]
        same_phone.remove(oldest)
        if not same_phone:
            del self._by_msisdn[oldest.msisdn]
            self._paid.pop(oldest.msisdn, None)


class Prompts:
    """The transaction whose prompt each phone shows."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, Transaction] = {}

    def __len__(self) -> int:
        return len(self._open)

    def on(self, msisdn: str) -> Transaction | None:
        """The transaction whose prompt this phone shows."""
        return self._open.get(msisdn)

    def open(self, transaction: Transaction) -> None:
        """Show the prompt of a transaction on its phone."""
        self._open[transaction.msisdn] = transaction

    def close(self, transaction: Transaction) -> None:
        """The prompt is gone from the phone; that of a later transaction stays."""
        if self._open.get(transaction.msisdn) is transaction:
            del self._open[transaction.msisdn]

    def clear(self) -> None:
        """No phone shows a prompt."""
        self._open.clear()
