"""What goes wrong between the push and its answer (rules A01 to A12)."""

from __future__ import annotations

import json
import secrets
from typing import Any

from checkout import Checkout, PushRetries
from daraja import Replies, Reply
from messages import Messages
from records import Ack, AckKind, Payment, Result, Topic
from settlement import Settlement
from store import Store

from defects.row import defect


class AckPays(Checkout):
    def accepted(self, payment: Payment, ack: Ack) -> None:
        super().accepted(payment, ack)
        self._store.credit(payment, None)


class AnyAckWillDo(Replies):
    def acknowledgement(self, reply: Reply) -> Ack:
        ack = super().acknowledgement(reply)
        if ack.kind is not AckKind.REFUSED:
            return ack
        return Ack(kind=AckKind.ACCEPTED, checkout_request_id=f"none-{secrets.token_hex(8)}")


class AckIdAssumed(Replies):
    def acknowledgement(self, reply: Reply) -> Ack:
        if reply.status == 200 and reply.body.get("ResponseCode") == "0":
            return Ack(kind=AckKind.ACCEPTED, checkout_request_id=reply.body["CheckoutRequestID"])
        return super().acknowledgement(reply)


class MemoryOnly(Store):
    def __init__(self, database: str) -> None:  # noqa: ARG002 - that is the defect
        super().__init__(":memory:")


class EarlyCallbackDropped(Settlement):
    def names(self, payment: Payment, result: Result) -> bool:
        if payment.checkout_request_id is None:
            self.store._db.execute("UPDATE payments SET awaiting = 0 WHERE id = ?", (payment.id,))
            return False
        return super().names(payment, result)


class EarlyReceiptDropped(Settlement):
    def names(self, payment: Payment, result: Result) -> bool:
        return payment.checkout_request_id is not None and super().names(payment, result)


class LostAckOrphaned(Settlement):
    def names(self, payment: Payment, result: Result) -> bool:
        if payment.checkout_request_id is None and payment.topic is Topic.CHECKING:
            self.store._db.execute("UPDATE payments SET awaiting = 0 WHERE id = ?", (payment.id,))
            return False
        return super().names(payment, result)


class LostAckPushedAgain(PushRetries):
    def worth_it(self, ack: Ack) -> bool:
        return ack.kind is AckKind.UNKNOWN or super().worth_it(ack)


class LostAckFailed(Checkout):
    def settle_ack(self, payment: Payment, ack: Ack) -> None:
        super().settle_ack(payment, ack)
        if ack.kind is AckKind.UNKNOWN:
            self._store.fail(payment.id, Topic.REFUSED)


class LostAckToldFailed(Messages):
    def topic(self, payment: Payment) -> str:
        if payment.topic is Topic.CHECKING:
            return "The payment failed. Please pay again."
        return super().topic(payment)


class One1001(Replies):
    def kind_of_1001(self, message: str) -> AckKind:  # noqa: ARG002 - that is the defect
        return AckKind.REFUSED


class LockHammered(PushRetries):
    def worth_it(self, ack: Ack) -> bool:
        return ack.kind is AckKind.LOCKED or super().worth_it(ack)


class InputRetried(PushRetries):
    def worth_it(self, ack: Ack) -> bool:
        return ack.kind is AckKind.INPUT or super().worth_it(ack)


class RetryStorm(PushRetries):
    tries = 10
    first_gap_s = 0.02
    growth = 1.5


class JsonAssumed(Replies):
    def acknowledgement(self, reply: Reply) -> Ack:
        json.loads(reply.text)
        return super().acknowledgement(reply)


class NoRetry(PushRetries):
    tries = 1


class FixedRetry(PushRetries):
    growth = 1.0
    jitter = 0.0


class UnnamedPushedAtStart(Checkout):
    """What has no CheckoutRequestID was not sent."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._work.start(self.push_unnamed())

    async def push_unnamed(self) -> None:
        for payment in self._store.awaiting():
            if payment.checkout_request_id is None:
                await self.push(payment)


ROWS = (
    defect("ack-pays", "A01 M02", "Takes the acknowledgement for the payment.", AckPays),
    defect("any-ack-will-do", "A02", "Ignores ResponseCode and waits for a payment that was refused.", AnyAckWillDo),
    defect("ack-id-assumed", "A03", "Breaks when the acknowledgement lacks its id.", AckIdAssumed),
    defect("memory-only", "A04", "Keeps payments in memory; a restart loses them.", MemoryOnly),
    defect(
        "early-callback-dropped", "A05", "Drops a callback that is faster than the acknowledgement.",
        EarlyCallbackDropped,
    ),
    defect(
        "early-receipt-dropped", "A05", "Drops an early callback with its receipt, and soon asks M-Pesa instead.",
        EarlyReceiptDropped,
    ),
    defect("lost-ack-pushed-again", "A06", "Pushes again when the answer is lost.", LostAckPushedAgain),
    defect(
        "lost-ack-is-failed", "A06", "Takes a lost answer for a refusal, until the callback comes.", LostAckFailed,
    ),
    defect(
        "lost-ack-told-failed", "A06", "Waits when the answer is lost, and tells the customer to pay again.",
        LostAckToldFailed,
    ),
    defect(
        "lost-ack-orphaned", "M05", "Drops the callback of a payment whose acknowledgement was lost.", LostAckOrphaned,
    ),
    defect("one-text-for-1001", "A07", "Treats every meaning of 500.001.1001 alike.", One1001),
    defect("lock-hammered", "A08", "Pushes on while the phone is locked.", LockHammered),
    defect("input-retried", "A09", "Sends an invalid request again, unchanged.", InputRetried),
    defect("retry-storm", "A10", "Answers a busy M-Pesa with ten tries at once.", RetryStorm),
    defect("json-assumed", "A11", "Breaks when the answer is not JSON.", JsonAssumed),
    defect("no-retry", "A12", "Gives up at the first refusal.", NoRetry),
    defect("retry-fixed-gaps", "A12", "Retries in fixed gaps without jitter.", FixedRetry),
    defect(
        "unnamed-pushed-at-start",
        "R01",
        "Pushes what has no CheckoutRequestID again at a start.",
        UnnamedPushedAtStart,
    ),
)  # fmt: skip
