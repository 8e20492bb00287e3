"""What goes wrong when two orders look alike, or one is paid after it failed or was given back (S21, C06, C18, P25)."""

from __future__ import annotations

import time
from typing import Any

from checkout import Checkout
from intake import InputProblem
from records import Order, Payment, Result, State, Topic
from refunds import REFUNDED, Refunds
from settlement import Settlement
from store import Store

from defects.row import defect

WINDOW_S = 60.0


class SamePhoneAndAmount(Checkout):
    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        alike = "msisdn = ? AND amount = ? AND state = ?"
        known = self._store.find(alike, order.msisdn, order.amount, State.PENDING)
        return known or await super().pay(order, idempotency_key)


class PaidAMinuteAgo(Checkout):
    """As a cache of answers does whose key is made of phone and amount."""

    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        alike = "msisdn = ? AND amount = ? AND state = ? AND created_at > ?"
        known = self._store.find(alike, order.msisdn, order.amount, State.PAID, time.time() - WINDOW_S)
        return known or await super().pay(order, idempotency_key)


class AnswersWithWhatItHas(Checkout):
    """Does not ask which order the payment was for that it found."""

    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        try:
            return await super().pay(order, idempotency_key)
        except InputProblem:
            return self._store.open(order, idempotency_key=idempotency_key)[0]


class TwelveCharacters(Store):
    """An order is known by the AccountReference of its prompt."""

    def open_order(self, order: Order) -> str:
        return order.reference[:12]


class ForgetsRefunded(Refunds):
    """A refund deletes the credit, and leaves the payment as one that has failed."""

    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        await super().settle(payment, result)
        if self.store.refund(payment.id) == REFUNDED:
            self.store._db.execute("DELETE FROM credits WHERE payment_id = ?", (payment.id,))
            self.store._db.execute(
                "UPDATE payments SET state = ?, topic = ?, receipt = NULL, claimed_receipt = NULL, claimed_at = NULL"
                " WHERE id = ?",
                (State.FAILED, Topic.REFUSED, payment.id),
            )


class AnyTryPaysAll(Settlement):
    """An order is paid when one of its tries is, whatever the others asked for."""

    def credit(self, payment: Payment) -> None:
        super().credit(payment)
        self.store._db.execute(
            "UPDATE payments SET state = ?, topic = ?, awaiting = 0 WHERE reference = ?",
            (State.PAID, Topic.PAID, payment.reference),
        )


class FailureEndsOrder(Settlement):
    """A failure ends the order, whichever of its tries has failed."""

    def hear_failure(self, payment: Payment, result: Result) -> bool:
        newest = self.store.find("reference = ?", payment.reference)
        if newest is None or newest.id == payment.id:
            return super().hear_failure(payment, result)
        self.store._db.execute("DELETE FROM credits WHERE payment_id = ?", (newest.id,))
        self.store._db.execute(
            "UPDATE payments SET state = ?, topic = ?, result_code = ?, awaiting = 0, claimed_at = NULL WHERE id = ?",
            (State.FAILED, Topic.CODE, result.code, newest.id),
        )
        return False


ROWS = (
    defect(
        "same-phone-and-amount",
        "S21",
        "Takes a second order of one phone and amount for a second click on the first one.",
        SamePhoneAndAmount,
    ),
    defect(
        "paid-a-minute-ago",
        "S21",
        "Answers an order with a payment of the same phone and amount that is a minute old.",
        PaidAMinuteAgo,
    ),
    defect(
        "key-of-any-order",
        "S21",
        "Answers with the payment of an idempotency key, whatever order comes with it.",
        AnswersWithWhatItHas,
    ),
    defect(
        "twelve-characters",
        "S21",
        "Knows orders by the first twelve characters of their names.",
        AnswersWithWhatItHas,
        TwelveCharacters,
    ),
    defect("any-try-pays-all", "C06", "Calls all tries of an order paid when one is, dearer ones too.", AnyTryPaysAll),
    defect(
        "failure-ends-order", "C18", "Lets the failure of an earlier try end an order that is paid.", FailureEndsOrder
    ),
    defect(
        "forgets-refunded", "P25", "Credits a payment again that was given back, when its success comes again.",
        ForgetsRefunded,
    ),
)  # fmt: skip
