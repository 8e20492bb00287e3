"""Asking M-Pesa about every payment whose result has not come, with growing gaps, up to a stated end."""

from __future__ import annotations

import asyncio
import time

from daraja import Daraja
from pacing import QueryBudget, QueryGaps
from records import Payment, QueryOutcome
from settings import Settings
from settlement import Settlement
from store import Store
from work import Work

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
        """When a person takes over: so long after the start, or after a late claim."""
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
        self._budget.heard(too_fast=answer.too_fast)
        if answer.outcome is QueryOutcome.SUCCESS and payment.claimed_at is None:
            await self._pause(payment_id, GRACE_S)
        latest = self._store.get(payment_id)
        if latest is None or not self.is_open(latest):
            return
        if answer.outcome is QueryOutcome.FAILURE and latest.claimed_at != payment.claimed_at:
            return  # the answer is older than what a callback has just said: ask again
        self._settlement.learn(latest, answer)
