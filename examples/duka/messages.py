"""What the customer is told: our own plain words, decided by the code and never by M-Pesa's text."""

from __future__ import annotations

import time
from collections.abc import Mapping

from records import Payment, State, Topic
from settings import Settings

OTHER_WAY = "pay by card or cash at the counter"
STAFF = f"Our M-Pesa set-up has a problem and our staff have been told. Please {OTHER_WAY} for now."
NOT_AGAIN = "Please do not pay again; this page shows the result as soon as we have it."
PHONE_NOT_REACHED = "M-Pesa could not send the request to your phone. Please try again in a minute."
CANCELLED = "You cancelled the payment on your phone. If you still want to pay, press Pay again."
UNCONFIRMED = f"We could not confirm the payment yet and are checking with M-Pesa. {NOT_AGAIN}"

CODES: Mapping[str, str] = {
    "1": "Your M-Pesa balance is too low for KES {amount:,}. Nothing was taken. "
    f"Top up and try again, pay a smaller amount, or {OTHER_WAY}.",
    "2": "KES {amount:,} is below M-Pesa's minimum for one payment.",
    "3": f"KES {{amount:,}} is above M-Pesa's limit for one payment. Split the order, or {OTHER_WAY}.",
    "4": f"You have reached today's M-Pesa limit. Try again tomorrow, or {OTHER_WAY}.",
    "8": STAFF,
    "17": "M-Pesa has just had a request for this same amount on your number. Please wait two minutes and try again.",
    "26": f"M-Pesa is busy right now. Please try again in a few minutes, or {OTHER_WAY}.",
    "1001": "Another M-Pesa request is open on your phone. Finish or close it, and try again in a minute.",
    "1005": STAFF,
    "1019": "The M-Pesa request expired before it was completed. Please try again.",
    "1025": PHONE_NOT_REACHED,
    "1031": CANCELLED,
    "1032": CANCELLED,
    "1036": "The network could not deliver the M-Pesa request. Check your signal and try again.",
    "1037": "We got no answer from your phone. Check that it is on and has signal, then try again. "
    "If you did enter your PIN, wait: we keep checking, and it will show here.",
    "2001": "M-Pesa did not accept the PIN, or this number has no M-Pesa account. Please check and try again.",
    "2028": STAFF,
    "8006": f"Your M-Pesa PIN is locked. Please call Safaricom customer care to unlock it, or {OTHER_WAY}.",
    "9999": PHONE_NOT_REACHED,
    "E3008": f"M-Pesa does not take payments from this number. Use another number, or {OTHER_WAY}.",
    "SFC_IC0003": STAFF,
    "TP40087": "M-Pesa did not accept the PIN. Please try again.",
}
ASK_FIRST = frozenset({"1037"})
"""Known codes that do not prove that nothing was taken: a query must agree before the payment counts as failed."""

TOPICS: Mapping[Topic, str] = {
    Topic.SENDING: "We are sending the request to your phone.",
    Topic.WAITING: "Enter your M-Pesa PIN on your phone to pay KES {amount:,}. Weka PIN yako.",
    Topic.CHECKING: "M-Pesa is not answering right now. We are checking whether your request went through; "
    "please do not pay again. This page shows the result, usually in a few minutes.",
    Topic.BAD_NUMBER: "M-Pesa did not accept this phone number. Please check it and try again.",
    Topic.BAD_AMOUNT: "M-Pesa did not accept this amount. Please check it and try again.",
    Topic.LOCKED: CODES["1001"],
    Topic.REFUSED: f"M-Pesa did not accept the request. Please try again later, or {OTHER_WAY}.",
    Topic.UNAVAILABLE: "M-Pesa is unavailable right now. Nothing was taken. You can pay by hand ({by_hand}), "
    f"{OTHER_WAY}, or try again later.",
    Topic.STAFF: f"{STAFF} Nothing was taken.",
    Topic.REVIEW_SILENCE: "M-Pesa has not told us the result yet. Our staff are checking by hand and will call you. "
    "Please do not pay again.",
    Topic.REVIEW_AMOUNT: "M-Pesa reports another amount than this order's. Our staff are checking and will call you. "
    "Please do not pay again.",
    Topic.REVIEW_DISAGREE: "We could not confirm this payment with M-Pesa. Our staff are checking and will call you. "
    "Please do not pay again.",
    Topic.REVIEW_RECEIPT: "This M-Pesa receipt was used before. Our staff are checking and will call you.",
    Topic.REVIEW_TWICE: "This order seems to be paid twice. Our staff are checking and will send the extra money back.",
}
WAITING_IS_LONG_S = 60.0


class Messages:
    """Words for a payment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, payment: Payment) -> str:
        """What to tell the customer now."""
        return self.template(payment).format(
            amount=payment.amount, receipt=payment.receipt, by_hand=self.by_hand(payment)
        )

    def template(self, payment: Payment) -> str:
        if payment.state is State.PAID:
            return self.paid(payment)
        if payment.topic is Topic.CODE:
            return self.code(payment)
        if payment.topic in {Topic.SENDING, Topic.WAITING} and time.time() - payment.created_at > WAITING_IS_LONG_S:
            return UNCONFIRMED
        return self.topic(payment)

    def topic(self, payment: Payment) -> str:
        return TOPICS[payment.topic]

    def paid(self, payment: Payment) -> str:
        if payment.receipt:
            return "Payment received: KES {amount:,}, M-Pesa receipt {receipt}. Asante sana!"
        return "Payment received: KES {amount:,}. The M-Pesa receipt follows by SMS. Asante sana!"

    def code(self, payment: Payment) -> str:
        return CODES.get(payment.result_code, UNCONFIRMED)

    def by_hand(self, payment: Payment) -> str:
        if self._settings.till:
            return f"M-Pesa menu, Buy Goods, till {self._settings.till}"
        return f"M-Pesa menu, PayBill {self._settings.short_code}, account {payment.reference}"
