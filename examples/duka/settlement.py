"""The rules of money: what a callback and a query, together, make of a payment.

A callback only claims. A query only confirms. A payment is credited when M-Pesa itself says so, once, and is handed
to a person when the two disagree.
"""

from __future__ import annotations

import logging

from messages import ASK_FIRST, CODES
from records import Answer, Payment, QueryOutcome, Result, State, Topic
from store import Credited, Store

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
            log.warning("payment %s: success heard, but a person has it already", payment.id)
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
