"""What goes wrong with the money itself (rules C03 to C06, C11, C16 to C19, Q09, M01, M03, M04)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from messages import CODES
from records import Answer, Payment, Result, State, Topic
from settlement import Settlement
from store import Store

from defects.row import defect

GUARDED_S = 2.0


class CreditsAgain(Settlement):
    def complete(self, payment: Payment, result: Result) -> None:
        self.store.credit(payment, result.receipt)


class GuardExpires(Settlement):
    def complete(self, payment: Payment, result: Result) -> None:
        """A key that expires keeps repetitions out: after that, a repetition is news."""
        credits = self.store.credits(payment.reference)
        if credits and time.time() - float(str(credits[-1]["credited_at"])) > GUARDED_S:
            self.store.credit(payment, result.receipt)
        super().complete(payment, result)


class GuardedInMemory(Settlement):
    """What was credited is known to the process alone."""

    known: ClassVar[set[str]] = set()

    def credit(self, payment: Payment) -> None:
        self.known.add(payment.id)
        super().credit(payment)

    def complete(self, payment: Payment, result: Result) -> None:
        if payment.id not in self.known:
            self.credit(payment)
        super().complete(payment, result)


class ForgetsCredits(Store):
    def __init__(self, database: str) -> None:
        super().__init__(database)
        for index in ("one_credit_per_payment", "one_credit_per_order", "one_credit_per_receipt"):
            self._db.execute(f"DROP INDEX IF EXISTS {index}")

    def mark_paid(self, payment: Payment, receipt: str | None) -> bool:
        super().mark_paid(payment, receipt)
        return True


class ReceiptsAnyNumber(Store):
    def __init__(self, database: str) -> None:
        super().__init__(database)
        self._db.execute("DROP INDEX IF EXISTS one_credit_per_receipt")


class ByPhoneAndAmount(Settlement):
    def hear(self, payment_id: str, result: Result) -> bool:
        payment = self.store.get(payment_id)
        if payment is None:
            return False
        newest = self.store.find(
            "msisdn = ? AND amount = ? AND state = ?", payment.msisdn, payment.amount, State.PENDING
        )
        if newest is None or newest.id == payment.id:
            return super().hear(payment_id, result)
        move = "UPDATE payments SET checkout_request_id = ? WHERE id = ?"
        self.store._db.execute(move, (None, payment.id))
        self.store._db.execute(move, (result.checkout_request_id, newest.id))
        return super().hear(newest.id, result)


class UnknownPaysNewest(Settlement):
    def hear(self, payment_id: str, result: Result) -> bool:
        payment = self.store.get(payment_id)
        if payment is not None and result.success and not self.names(payment, result):
            newest = self.store.find("amount = ? AND state = ?", payment.amount, State.PENDING)
            if newest is not None:
                self.credit(newest)
            return False
        return super().hear(payment_id, result)


class AnyAmount(Settlement):
    def amount_agrees(self, payment: Payment, result: Result) -> bool:  # noqa: ARG002 - that is the defect
        return True


class NoAnswerPays(Settlement):
    def hear_failure(self, payment: Payment, result: Result) -> bool:
        if result.code != "1037":
            return super().hear_failure(payment, result)
        self.credit(payment)
        return False


class KeepsAFee(Settlement):
    def credit(self, payment: Payment) -> None:
        super().credit(replace(payment, amount=payment.amount - 1))


class NoReceiptNeeded(Settlement):
    def hear_success(self, payment: Payment, result: Result) -> bool:
        if result.receipt is None:
            self.store.credit(payment, None)
            return False
        return super().hear_success(payment, result)


class UnknownCodePays(Settlement):
    def hear_failure(self, payment: Payment, result: Result) -> bool:
        if result.code not in CODES:
            self.store.credit(payment, None)
            return False
        return super().hear_failure(payment, result)


class LastWordWins(Settlement):
    def hear_failure(self, payment: Payment, result: Result) -> bool:
        self.store._db.execute(
            "UPDATE payments SET state = ?, topic = ?, result_code = ?, awaiting = 0 WHERE id = ? AND state = ?",
            (State.FAILED, Topic.CODE, result.code, payment.id, State.PAID),
        )
        return super().hear_failure(payment, result)


class FailedForGood(Settlement):
    def hear_success(self, payment: Payment, result: Result) -> bool:
        return payment.state is not State.FAILED and super().hear_success(payment, result)


class CancelledForGood(Settlement):
    def hear_success(self, payment: Payment, result: Result) -> bool:
        cancelled = payment.state is State.FAILED and payment.result_code == "1032"
        return not cancelled and super().hear_success(payment, result)


class AskedForGood(Settlement):
    """A failure is final if a status query reported it, and no callback did."""

    ended: ClassVar[set[str]] = set()

    def learn(self, payment: Payment, answer: Answer) -> None:
        super().learn(payment, answer)
        called_back = bool(payment.result_code)
        if not called_back and (latest := self.store.get(payment.id)) and latest.state is State.FAILED:
            self.ended.add(payment.id)

    def hear_success(self, payment: Payment, result: Result) -> bool:
        return payment.id not in self.ended and super().hear_success(payment, result)


class SecondPaymentDropped(Settlement):
    """The order is paid, so that nothing more can come for it."""

    def hear_success(self, payment: Payment, result: Result) -> bool:
        is_paid = payment.state is State.FAILED and bool(self.store.credits(payment.reference))
        return not is_paid and super().hear_success(payment, result)


class FirstTryForgotten(Settlement):
    """The order has one CheckoutRequestID: that of its newest try."""

    def hear(self, payment_id: str, result: Result) -> bool:
        payment = self.store.get(payment_id)
        newest = None if payment is None else self.store.find("reference = ?", payment.reference)
        return (newest is None or newest.id == payment_id) and super().hear(payment_id, result)


class NoReceiptIsAReceipt(Settlement):
    """What is missing is stored as a word, where each receipt may stand once."""

    def credit(self, payment: Payment) -> None:
        self.store.credit(payment, payment.claimed_receipt or "NONE")


class ExpiredForGood(Settlement):
    def give_up(self, payment: Payment) -> None:
        self.store.fail(payment.id, Topic.REVIEW_SILENCE)

    def hear_success(self, payment: Payment, result: Result) -> bool:
        expired = payment.state is State.FAILED and payment.topic is Topic.REVIEW_SILENCE
        return not expired and super().hear_success(payment, result)


class CallbackWins(Settlement):
    def disagree(self, payment: Payment, answer: Answer) -> None:  # noqa: ARG002 - that is the defect
        self.credit(payment)


ROWS = (
    defect(
        "double-credit",
        "C03 M01",
        "Credits every success it gets, also the second of one payment.",
        CreditsAgain,
        ForgetsCredits,
    ),
    defect("guard-expires", "M01", "Forgets after two seconds what it has credited.", GuardExpires, ForgetsCredits),
    defect("restart-forgets", "R02", "Forgets at a restart what it has credited.", GuardedInMemory, ForgetsCredits),
    defect("receipt-reused", "C04", "Lets one receipt pay several orders.", ReceiptsAnyNumber),
    defect(
        "match-by-phone", "C05", "Files a callback under the newest order of that phone and amount.", ByPhoneAndAmount
    ),
    defect(
        "unknown-pays-newest",
        "C02",
        "Credits the newest open order of that amount for an id that it does not know.",
        UnknownPaysNewest,
    ),
    defect("no-answer-pays", "C11", "Credits a payment whose prompt nobody answered (1037).", NoAnswerPays),
    defect("amount-unchecked", "C06", "Does not compare the amount paid with the order.", AnyAmount),
    defect("keeps-a-fee", "M04", "Credits one shilling less than was paid.", KeepsAFee),
    defect("no-receipt-needed", "C16", "Credits a success that has no receipt at once.", NoReceiptNeeded),
    defect("unknown-code-pays", "C17", "Takes every code it does not know for a success.", UnknownCodePays),
    defect("late-failure-wins", "C18 M03", "Lets a late failure undo a payment.", LastWordWins),
    defect("late-success-dropped", "C19", "Ignores a success that comes after a failure.", FailedForGood),
    defect("cancelled-for-good", "C19", "Ignores a success that comes after 1032.", CancelledForGood),
    defect("asked-for-good", "C19", "Ignores a success that comes after a query said failed.", AskedForGood),
    defect("second-payment-dropped", "C19", "Ignores a late success of an order that is paid.", SecondPaymentDropped),
    defect("first-try-forgotten", "C19", "Knows the newest try of an order alone.", FirstTryForgotten),
    defect("no-receipt-is-a-receipt", "C16", "Stores a missing receipt as a word, once.", NoReceiptIsAReceipt),
    defect("expired-for-good", "C19", "Ignores a success that comes after it gave up waiting.", ExpiredForGood),
    defect("callback-wins", "Q09", "Credits a callback that M-Pesa contradicts when asked.", CallbackWins),
)
