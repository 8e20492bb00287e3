"""Orders above M-Pesa's limit, paid in several pushes: one part after the other, credited when all of them are paid."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

from checkout import Checkout
from intake import MOST, Intake
from records import Order, Payment, State, Topic

LOOK_S = 0.2


class AnyTotal(Intake):
    """An order may be of any size."""

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
