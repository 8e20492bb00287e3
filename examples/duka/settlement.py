"""The rules of money: what a callback and a query, together, make of a payment.

A callback only claims. A query only confirms. A payment is credited when M-Pesa itself says so, once, and is handed
to a person when the two disagree. Every payment whose result has not come is asked about, up to a stated end.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator

from daraja import Daraja
from messages import ASK_FIRST, CODES
from records import Answer, Payment, QueryOutcome, Result, State, Topic
from settings import Settings
from store import Credited, Store
from work import Work

log = logging.getLogger("duka")

TOPIC_OF = {Credited.RECEIPT_USED: Topic.REVIEW_RECEIPT, Credited.ORDER_PAID: Topic.REVIEW_TWICE}


class Settlement:
    """Evidence in, states out."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def hear(self, payment_id: str, result: Result) -> bool:
        """Take note of a callback. True: ask M-Pesa now."""
        payment = self.store.get(payment_id)
        if payment is None or not self.names(payment, result):
            log.warning("callback for %s names another CheckoutRequestID; ignored", payment_id)
            return False
        return self.hear_success(payment, result) if result.success else self.hear_failure(payment, result)

    def names(self, payment: Payment, result: Result) -> bool:
        """Whether the callback is about this payment. It may be faster than the acknowledgement that names the id."""
        return self.store.note_ids(
            payment.id,
            checkout_request_id=result.checkout_request_id,
            merchant_request_id=payment.merchant_request_id or result.merchant_request_id,
        )

    def hear_success(self, payment: Payment, result: Result) -> bool:
        """Somebody says it is paid."""
        if payment.state is State.PAID:
            self.complete(payment, result)
            return False
        if payment.state is State.REVIEW and payment.topic is not Topic.REVIEW_SILENCE:
            log.warning("payment %s: a success came, but a person has it already", payment.id)
            return False
        if not self.amount_agrees(payment, result):
            log.error("STAFF: payment %s: paid %s, ordered %s", payment.id, result.amount, payment.amount)
            self.store.review(payment.id, Topic.REVIEW_AMOUNT)
            return False
        news = payment.claimed_at is None or (self.is_whole(result) and payment.claimed_receipt != result.receipt)
        if news:
            self.store.claim(payment.id, result.receipt)
        return news and self.is_whole(result)

    def is_whole(self, result: Result) -> bool:
        """A success without a receipt is no reason to hurry: it waits for the next query."""
        return result.receipt is not None

    def amount_agrees(self, payment: Payment, result: Result) -> bool:
        """Some messages carry no amount; then the query speaks for the amount that was pushed."""
        return result.amount is None or result.amount == payment.amount

    def complete(self, payment: Payment, result: Result) -> None:
        """The callback of a payment that a query has settled brings its receipt."""
        if payment.receipt is None and result.receipt and self.amount_agrees(payment, result):
            if self.store.add_receipt(payment, result.receipt):
                return
            log.error("STAFF: payment %s: receipt %s belongs to another payment", payment.id, result.receipt)
        elif payment.receipt != result.receipt or not self.amount_agrees(payment, result):
            log.error("STAFF: payment %s is paid, and a different success arrived", payment.id)

    def hear_failure(self, payment: Payment, result: Result) -> bool:
        """Somebody says it failed. Never undoes a success, known or claimed."""
        if payment.state is not State.PENDING or payment.claimed_at is not None:
            log.info("payment %s is %s; late code %s changes nothing", payment.id, payment.state, result.code)
            return payment.awaiting
        if self.is_final_failure(result.code):
            self.store.fail(payment.id, Topic.CODE, result_code=result.code)
            return False
        self.store.note_topic(payment.id, Topic.CODE, result_code=result.code)
        return True

    def is_final_failure(self, code: str) -> bool:
        """Whether the code alone proves that nothing was taken. Codes nobody knows do not."""
        return code in CODES and code not in ASK_FIRST

    def learn(self, payment: Payment, answer: Answer) -> None:
        """Take note of what M-Pesa says when asked."""
        if answer.outcome is QueryOutcome.SUCCESS:
            self.credit(payment)
        elif answer.outcome is QueryOutcome.FAILURE and payment.claimed_at is not None:
            self.disagree(payment, answer)
        elif answer.outcome is QueryOutcome.FAILURE and answer.code in CODES:
            self.store.fail(payment.id, Topic.CODE, result_code=answer.code)
        elif answer.outcome is QueryOutcome.FAILURE:
            self.store.note_topic(payment.id, Topic.CODE, result_code=answer.code)

    def disagree(self, payment: Payment, answer: Answer) -> None:
        """The callback said paid, M-Pesa says failed."""
        log.error("STAFF: payment %s: callback says paid, query says %s", payment.id, answer.code)
        self.store.review(payment.id, Topic.REVIEW_DISAGREE)

    def credit(self, payment: Payment) -> None:
        """M-Pesa confirmed. The database has the last word on doing it once."""
        outcome = self.store.credit(payment, payment.claimed_receipt)
        if topic := TOPIC_OF.get(outcome):
            log.error("STAFF: payment %s is paid but not credited: %s", payment.id, outcome)
            self.store.review(payment.id, topic)

    def give_up(self, payment: Payment) -> None:
        """M-Pesa has had long enough to answer."""
        log.error("STAFF: payment %s: no answer from M-Pesa in time", payment.id)
        self.store.review(payment.id, Topic.REVIEW_SILENCE)


class QueryGaps:
    """Silence: ask M-Pesa, and leave twice as long between two questions each time."""

    growth = 2.0
    jitter = 0.1

    def __init__(self, settings: Settings) -> None:
        self.first_s = settings.reconcile_first_s

    def gaps_s(self) -> Iterator[float]:
        """The pauses before each query, without end."""
        number = 0
        while True:
            yield self.first_s * self.growth**number * random.uniform(1.0, 1.0 + self.jitter)
            number += 1


class QueryBudget:
    """Limits the queries a minute of the whole process, further when Daraja says it is too much."""

    most_hold_s = 30.0

    def __init__(self, settings: Settings) -> None:
        per_minute = settings.queries_per_minute
        self._burst = max(1.0, per_minute // 10)
        self._refill_per_s = max(per_minute - self._burst, per_minute / 2) / 60
        self._left = self._burst
        self._counted_at = time.monotonic()
        self._hold_s = 0.0
        self._held_until = 0.0
        self._in_line = asyncio.Lock()

    async def take(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait for one's turn. False: nobody wants the query any more, and it is left to the next in line."""
        async with self._in_line:
            while is_wanted():
                if (wait_s := self._wait_s()) <= 0:
                    self._left -= 1
                    return True
                await asyncio.sleep(wait_s)
            return False

    def answered(self, *, too_fast: bool) -> None:
        """After each answer: a 429 holds everybody back, twice as long each time in a row."""
        self._hold_s = min(max(1.0, self._hold_s * 2), self.most_hold_s) if too_fast else 0.0
        self._held_until = time.monotonic() + self._hold_s

    def _wait_s(self) -> float:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._refill_per_s)
        self._counted_at = now
        return max(self._held_until - now, (1 - self._left) / self._refill_per_s)


GRACE_S = 1.0
"""How long a callback may trail a query that says success: it brings receipt and amount, the query brings neither."""


class Reconciler:
    """One follower for each payment that is still open."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        settlement: Settlement,
        daraja: Daraja,
        gaps: QueryGaps,
        budget: QueryBudget,
        work: Work,
    ) -> None:
        self._give_up_s = settings.reconcile_give_up_s
        self._store = store
        self._settlement = settlement
        self._daraja = daraja
        self._gaps = gaps
        self._budget = budget
        self._work = work
        self._bells: dict[str, asyncio.Event] = {}

    def resume(self) -> None:
        """Take up what was open when the process ended."""
        for payment in self._store.awaiting():
            self.follow(payment.id)

    def follow(self, payment_id: str) -> None:
        """Look after a payment until it is settled. Following twice is following once."""
        if payment_id not in self._bells:
            self._bells[payment_id] = asyncio.Event()
            self._work.start(self._follow(payment_id))

    def ask_now(self, payment_id: str) -> None:
        """Do not wait for the next query: there is news."""
        self.follow(payment_id)
        self._bells[payment_id].set()

    async def _follow(self, payment_id: str) -> None:
        try:
            gaps = self._gaps.gaps_s()
            while (payment := self._store.get(payment_id)) and self.is_open(payment):
                left_s = max(0.0, self.deadline(payment) - time.time())
                if await self._pause(payment_id, min(next(gaps), left_s)):
                    gaps = self._gaps.gaps_s()
                await self._ask(payment_id)
                self.close_if_too_old(payment_id)
        finally:
            del self._bells[payment_id]

    def close_if_too_old(self, payment_id: str) -> None:
        """After a last question, so that a shop that was down for a day asks before it calls a person."""
        payment = self._store.get(payment_id)
        if payment is not None and payment.awaiting and time.time() >= self.deadline(payment):
            self._settlement.give_up(payment)

    def is_open(self, payment: Payment) -> bool:
        return payment.awaiting

    def deadline(self, payment: Payment) -> float:
        """When a person takes over: some time after the start, or after a late claim."""
        return max(payment.created_at, payment.claimed_at or 0.0) + self._give_up_s

    async def _pause(self, payment_id: str, gap_s: float) -> bool:
        """Wait. True: the bell rang first."""
        bell = self._bells[payment_id]
        try:
            async with asyncio.timeout(gap_s):
                await bell.wait()
        except TimeoutError:
            return False
        bell.clear()
        return True

    def _to_ask_about(self, payment_id: str) -> Payment | None:
        """The payment; None where it is settled, or its acknowledgement was lost, so that nothing can name it."""
        payment = self._store.get(payment_id)
        if payment is None or payment.checkout_request_id is None or not self.is_open(payment):
            return None
        return payment

    async def _ask(self, payment_id: str) -> None:
        if not await self._budget.take(lambda: self._to_ask_about(payment_id) is not None):
            return
        payment = self._to_ask_about(payment_id)
        if payment is None or payment.checkout_request_id is None:
            return
        answer = await self._daraja.query(payment.checkout_request_id)
        self._budget.answered(too_fast=answer.too_fast)
        if answer.outcome is QueryOutcome.SUCCESS and payment.claimed_at is None:
            await self._pause(payment_id, GRACE_S)
        latest = self._store.get(payment_id)
        if latest is None or not self.is_open(latest):
            return
        if answer.outcome is QueryOutcome.FAILURE and latest.claimed_at != payment.claimed_at:
            return  # the answer is older than what a callback has just said: ask again
        self._settlement.learn(latest, answer)
