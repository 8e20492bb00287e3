"""The transactions that are remembered: by id, by receipt, by MSISDN."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from tayari_simulator.state.transactions import Status, Transaction

MOST_PAYMENTS: Final = 16_384
"""Beyond this many, the oldest that are through are forgotten, unless another bound is set."""

LOOK_AFTER: Final = 128

_NONE: Final[tuple[Transaction, ...]] = ()


class Transactions:
    """Transactions keyed by the transaction, never global."""

    def __init__(self, *, most: int = MOST_PAYMENTS) -> None:
        self.most = most
        self._look_in = LOOK_AFTER
        """After so many more payments the late ones are looked through: on average one look for each payment."""
        self._by_id: dict[str, Transaction] = {}
        self._by_request: dict[str, Transaction] | None = None
        self._by_receipt: dict[str, Transaction] | None = None
        """None until somebody asks by it: a merchant of STK pushes never does, and pays nothing for it."""
        self._by_msisdn: dict[str, list[Transaction]] = {}
        self._paid: dict[str, tuple[int, int]] = {}
        """What each phone has paid: the number of the day, and the shillings of that day."""
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

    def note_paid(self, msisdn: str, day: int, amount: int) -> None:
        """A phone has paid so much on this day (a number that grows by one each day)."""
        known = self._paid.get(msisdn)
        if known is not None and known[0] == day:
            amount += known[1]
        self._paid[msisdn] = (day, amount)

    def paid(self, msisdn: str, day: int) -> int:
        """What a phone has paid on this day, shillings."""
        known = self._paid.get(msisdn)
        return known[1] if known is not None and known[0] == day else 0

    def of(self, msisdn: str) -> list[Transaction] | tuple[Transaction, ...]:
        """The transactions of one phone, oldest first."""
        return self._by_msisdn.get(msisdn, _NONE)

    def all(self) -> tuple[Transaction, ...]:
        """Every transaction that is remembered, oldest first."""
        return (*self._late.values(), *self._order) if self._late else tuple(self._order)

    def latest(self, number: int) -> list[Transaction]:
        """At most so many of the transactions that were accepted last, oldest first."""
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
        """One that is not through is never forgotten, and holds up no other."""
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
