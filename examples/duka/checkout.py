"""Starting a payment: the row first, then the push, then whatever its answer means."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from decimal import Decimal

from callbacks import CallbackPaths
from daraja import Daraja
from intake import MOST, InputProblem, Intake
from records import Ack, AckKind, Order, Payment, State, Topic
from settlement import Reconciler
from store import Store
from work import Work

log = logging.getLogger("duka")

TOPIC_OF = {
    AckKind.BUSY: Topic.UNAVAILABLE,
    AckKind.UNAVAILABLE: Topic.UNAVAILABLE,
    AckKind.LOCKED: Topic.LOCKED,
    AckKind.STAFF: Topic.STAFF,
    AckKind.REFUSED: Topic.REFUSED,
}
ANSWER_WITHIN_S = 6.0
"""The customer gets a page by then, whatever Daraja does; the push goes on behind it."""


class PushRetries:
    """Refused for now: try again a little later, each time clearly later than before, then stop."""

    tries = 3
    first_gap_s = 0.5
    growth = 2.2
    jitter = 0.2
    """The share by which a pause may be longer: a thousand shops do not come back at one moment."""

    def gaps_s(self) -> Iterator[float]:
        """The pauses between tries; as many as there are second chances."""
        for number in range(self.tries - 1):
            yield self.first_gap_s * self.growth**number * random.uniform(1.0, 1.0 + self.jitter)

    def worth_it(self, ack: Ack) -> bool:
        """Only what certainly did not happen may be sent again."""
        return ack.kind is AckKind.BUSY


class Checkout:
    """One payment for one order."""

    def __init__(
        self,
        *,
        intake: Intake,
        store: Store,
        daraja: Daraja,
        retries: PushRetries,
        paths: CallbackPaths,
        reconciler: Reconciler,
        work: Work,
    ) -> None:
        self._intake = intake
        self._store = store
        self._daraja = daraja
        self._retries = retries
        self.paths = paths
        self.reconciler = reconciler
        self._work = work

    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        """Start the payment, or return the one that this order or this key has already.

        Raises:
            InputProblem: the key was used for another order.
        """
        payment, is_new = self._store.open(order, idempotency_key=idempotency_key)
        if is_new:
            push = self._work.start(self.push(payment))
            await asyncio.wait({push}, timeout=ANSWER_WITHIN_S)
            if push.done():
                push.result()
        elif payment.reference != order.reference:
            raise InputProblem("This Idempotency-Key belongs to another order. Use a new key for a new order.")
        return self._store.get(payment.id) or payment

    async def push(self, payment: Payment) -> None:
        """Push until Daraja takes it, refuses it for good, or has refused it often enough."""
        try:
            ack = await self.push_once(payment)
            for gap_s in self._retries.gaps_s():
                if not self._retries.worth_it(ack):
                    break
                log.warning("payment %s: %s; trying again in %.1f s", payment.id, ack.detail, gap_s)
                await asyncio.sleep(gap_s)
                ack = await self.push_once(payment)
            self.settle_ack(payment, ack)
        finally:
            self.reconciler.follow(payment.id)

    async def push_once(self, payment: Payment) -> Ack:
        return await self._daraja.push(
            msisdn=payment.msisdn,
            amount=payment.amount,
            account_reference=self._intake.account_reference(payment.reference),
            description=self._intake.description(),
            callback_url=self.paths.url(payment.id),
        )

    def settle_ack(self, payment: Payment, ack: Ack) -> None:
        """An acknowledgement never pays. It gives the payment its name, or ends it, or leaves it open."""
        if ack.kind is AckKind.ACCEPTED:
            self.accepted(payment, ack)
        elif ack.kind is AckKind.UNKNOWN:
            log.warning("payment %s: %s", payment.id, ack.detail)
            self._store.note_topic(payment.id, Topic.CHECKING)
        else:
            log.log(logging.ERROR if ack.kind is AckKind.STAFF else logging.WARNING, "%s: %s", ack.kind, ack.detail)
            self._store.fail(payment.id, self.topic(ack))

    def accepted(self, payment: Payment, ack: Ack) -> None:
        noted = self._store.note_ids(
            payment.id,
            checkout_request_id=ack.checkout_request_id,
            merchant_request_id=ack.merchant_request_id,
        )
        if not noted:
            log.error("STAFF: payment %s: acknowledged as %s, known as another", payment.id, ack.checkout_request_id)
            self._store.review(payment.id, Topic.REVIEW_DISAGREE)
        latest = self._store.get(payment.id)
        if latest and latest.topic is Topic.SENDING and latest.state is State.PENDING:
            self._store.note_topic(payment.id, Topic.WAITING)

    def topic(self, ack: Ack) -> Topic:
        if ack.kind is AckKind.INPUT:
            return Topic.BAD_AMOUNT if ack.field == "Amount" else Topic.BAD_NUMBER
        return TOPIC_OF[ack.kind]


LOOK_S = 0.2
"""Between two looks at a part that is not paid yet."""


class AnyTotal(Intake):
    """An order may be of any size. One above the limit is paid in several pushes, and credited after the last."""

    def check_limit(self, shillings: Decimal) -> None:
        pass


class SplitCheckout(Checkout):
    """The order is one payment, whose parts are payments of their own that credit nothing to it."""

    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        if order.amount <= MOST:
            return await super().pay(order, idempotency_key)
        whole, is_new = self._store.open(order, idempotency_key=idempotency_key)
        if is_new:
            self._store.note_topic(whole.id, Topic.WAITING)
            self._work.start(self.pay_in_parts(whole))
        return self._store.get(whole.id) or whole

    async def pay_in_parts(self, whole: Payment) -> None:
        for number, amount in enumerate(self.amounts(whole.amount), start=1):
            part = Order(msisdn=whole.msisdn, amount=amount, reference=f"{whole.reference}/{number}")
            if not await self.is_paid(await super().pay(part, None)):
                self.part_unpaid(whole, number)
                return
            self.part_paid(whole, number)
        self._store.credit(whole, None)

    def amounts(self, total: int) -> Iterator[int]:
        """What each part asks for."""
        while total > 0:
            yield min(total, MOST)
            total -= MOST

    async def is_paid(self, part: Payment) -> bool:
        """Wait until M-Pesa has said what became of a part."""
        while (now := self._store.get(part.id) or part).state is State.PENDING:
            await asyncio.sleep(LOOK_S)
        return now.state is State.PAID

    def part_paid(self, whole: Payment, number: int) -> None:
        """A part is paid: the order is not."""

    def part_unpaid(self, whole: Payment, number: int) -> None:
        """A person gives back what was paid, or asks for the rest."""
        if number == 1:
            self._store.fail(whole.id, Topic.REFUSED)
        else:
            self._store.review(whole.id, Topic.REVIEW_DISAGREE)
