"""What goes wrong with queries and reconciliation (rules Q01 to Q08, Q12, Q13)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

from aiohttp import web
from api import Api
from daraja import Replies, Reply
from records import Answer, Payment, QueryOutcome, Result
from settlement import QueryBudget, QueryGaps, Reconciler, Settlement

from defects.credits import ForgetsCredits
from defects.row import defect

FAILED = Answer(outcome=QueryOutcome.FAILURE, code="1019")


class WaitsForCallbacks(Reconciler):
    async def _pause(self, payment_id: str, gap_s: float) -> bool:  # noqa: ARG002 - that is the defect
        bell = self._bells[payment_id]
        await bell.wait()
        bell.clear()
        return True


class AsksWhenRead(Api):
    async def payment(self, request: web.Request) -> web.Response:
        payment = self.known(request)
        if payment.awaiting and payment.claimed_at is None:
            self.checkout.reconciler.ask_now(payment.id)
            await asyncio.sleep(0.2)
        return await super().payment(request)


class InFlightFails(Replies):
    def answer(self, reply: Reply, asked: str) -> Answer:
        answer = super().answer(reply, asked)
        return FAILED if answer.outcome is QueryOutcome.IN_FLIGHT else answer


class ErrorFails(Replies):
    def answer(self, reply: Reply, asked: str) -> Answer:
        answer = super().answer(reply, asked)
        return FAILED if answer.outcome is QueryOutcome.NOTHING else answer


class PollsHard(QueryGaps):
    def gaps_s(self) -> Iterator[float]:
        while True:
            yield 0.01


class NoBudget(QueryBudget):
    async def take(self, is_wanted: Callable[[], bool]) -> bool:  # noqa: ARG002 - that is the defect
        return True


class NeverDone(Reconciler):
    def is_open(self, payment: Payment) -> bool:  # noqa: ARG002 - that is the defect
        return True

    def deadline(self, payment: Payment) -> float:  # noqa: ARG002 - that is the defect
        return math.inf


class ShortGaps(QueryGaps):
    def gaps_s(self) -> Iterator[float]:
        return (min(gap_s, 2 * self.first_s) for gap_s in super().gaps_s())


class TextIsNoZero(Settlement):
    def learn(self, payment: Payment, answer: Answer) -> None:
        if answer.outcome is not QueryOutcome.SUCCESS or payment.claimed_at is not None:
            super().learn(payment, answer)


class AnyId(Replies):
    def about(self, reply: Reply, asked: str) -> bool:  # noqa: ARG002 - that is the defect
        return True


class NoReceiptLater(Settlement):
    def complete(self, payment: Payment, result: Result) -> None:
        pass


class CallbackCreditsToo(Settlement):
    def complete(self, payment: Payment, result: Result) -> None:
        if payment.receipt is None:
            self.store.credit(payment, result.receipt)
        super().complete(payment, result)


class FixedGaps(QueryGaps):
    growth = 1.0
    jitter = 0.0


class ProvesOnce(Reconciler):
    """A callback's claim is asked about once; where that query meets an error, the claim is left alone."""

    left: ClassVar[set[str]] = set()

    def is_open(self, payment: Payment) -> bool:
        return payment.id not in self.left and super().is_open(payment)

    async def _ask(self, payment_id: str) -> None:
        before = self._to_ask_about(payment_id)
        await super()._ask(payment_id)
        if before is not None and before.claimed_at is not None:
            self.left.add(payment_id)


class NeverAsks(Reconciler):
    def follow(self, payment_id: str) -> None:
        """No query is ever sent."""

    def ask_now(self, payment_id: str) -> None:
        """Not even about a claim."""


class CreditsWhatItHears(Settlement):
    def hear_success(self, payment: Payment, result: Result) -> bool:
        self.store.credit(payment, result.receipt)
        return False


class ForgetsOpenOnes(Reconciler):
    def resume(self) -> None:
        """What was open when the process ended stays open."""


class AnyAnswerPays(Replies):
    def answer(self, reply: Reply, asked: str) -> Answer:
        return Answer(outcome=QueryOutcome.SUCCESS, code="0") if reply.status == 200 else super().answer(reply, asked)


ROWS = (
    defect(
        "waits-for-callbacks",
        "Q01 M05",
        "Never asks M-Pesa about a payment whose callback is missing.",
        WaitsForCallbacks,
    ),
    defect(
        "asks-when-read",
        "Q01",
        "Asks M-Pesa only while somebody reads the payment's page.",
        AsksWhenRead,
        WaitsForCallbacks,
    ),
    defect("never-asks", "K01", "Declares status queries and never sends one.", NeverAsks, CreditsWhatItHears),
    defect("open-ones-forgotten", "R01", "Does not take up open payments after a restart.", ForgetsOpenOnes),
    defect("in-flight-fails", "Q02", "Takes a query's 'still processing' for a failure.", InFlightFails),
    defect("query-error-fails", "Q03", "Takes a query's error for a failed payment.", ErrorFails),
    defect("proves-once", "Q03", "Asks once for the proof of a callback, whatever the answer.", ProvesOnce),
    defect("polls-hard", "Q04", "Asks a hundred times a second and ignores 429.", PollsHard, NoBudget),
    defect("polls-for-ever", "Q05", "Goes on asking when the result is known.", NeverDone, ShortGaps),
    defect("text-is-no-zero", "Q06", 'Does not take the query\'s "0" for a success.', TextIsNoZero),
    defect("any-query-id", "Q07", "Applies an answer about another CheckoutRequestID.", AnyId),
    defect("no-receipt-later", "Q08", "Ignores the receipt of a payment that a query settled.", NoReceiptLater),
    defect(
        "query-and-callback-credit",
        "Q08",
        "Credits a payment that a query settled again when its callback comes.",
        CallbackCreditsToo,
        ForgetsCredits,
    ),
    defect("any-answer-pays", "Q13", "Takes any HTTP 200 of a query for a payment.", AnyAnswerPays),
    defect("query-fixed-gaps", "Q12", "Asks in fixed gaps without jitter.", FixedGaps),
)
