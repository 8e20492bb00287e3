"""What goes wrong in what the customer reads (rules U01 to U06, Q10, Q11, K02)."""

from __future__ import annotations

import time

from aiohttp import web
from api import Api
from messages import Messages
from records import Payment, State, Topic
from store import Store

from defects.row import defect

GENERIC = "Payment failed. Please try again."
PROMISE = "The payment did not go through. You have not been charged."


class OneText(Messages):
    def code(self, payment: Payment) -> str:
        return super().code(payment) if payment.result_code == "1" else GENERIC


class Promises(Messages):
    def code(self, payment: Payment) -> str:
        return PROMISE if payment.result_code in {"1037", "5999"} else super().code(payment)

    def topic(self, payment: Payment) -> str:
        return PROMISE if payment.topic is Topic.CHECKING else super().topic(payment)


class ThanksAtOnce(Messages):
    def topic(self, payment: Payment) -> str:
        waits = payment.topic in {Topic.SENDING, Topic.WAITING}
        return "Thank you, your payment was received." if waits else super().topic(payment)


class DarajasWords(Messages):
    def topic(self, payment: Payment) -> str:
        is_sent = payment.topic is Topic.WAITING
        return "Success. Request accepted for processing" if is_sent else super().topic(payment)


class OwnReceipt(Api):
    def receipt(self, payment: Payment) -> str | None:
        return f"DK-{payment.id[:8]}" if payment.receipt else None


class PaidWithoutReceipt(Messages):
    def paid(self, payment: Payment) -> str:  # noqa: ARG002 - that is the defect
        return "Payment received: KES {amount:,}. Asante sana!"


class DeclinedByBank(Messages):
    def code(self, payment: Payment) -> str:
        return "Declined by your bank." if payment.result_code == "17" else super().code(payment)


class RawForRareCodes(Messages):
    def code(self, payment: Payment) -> str:
        return "System busy" if payment.result_code == "26" else super().code(payment)


class InsufficientIsGeneric(Messages):
    def code(self, payment: Payment) -> str:
        return GENERIC if payment.result_code == "1" else super().code(payment)


class DownIsGeneric(Messages):
    def topic(self, payment: Payment) -> str:
        if payment.topic is Topic.UNAVAILABLE:
            return "Payment failed. Please check your phone number."
        return super().topic(payment)


class PayAgainAfterSilence(Messages):
    def template(self, payment: Payment) -> str:
        if payment.state is State.PENDING and time.time() - payment.created_at > 5:
            return "We have no answer yet. Please pay again."
        return super().template(payment)


class FirstBrowserOnly(Api):
    async def pay(self, request: web.Request) -> web.Response:
        answer = await super().pay(request)
        answer.set_cookie("browser", "first")
        return answer

    def known(self, request: web.Request) -> Payment:
        if "browser" not in request.cookies:
            raise web.HTTPNotFound(text='{"message": "There is no such payment."}', content_type="application/json")
        return super().known(request)


class FailedByTimer(Api):
    def view(self, payment: Payment) -> dict[str, object]:
        shown = super().view(payment)
        if payment.state is State.PENDING and time.time() - payment.created_at > 10:
            return {**shown, "status": State.FAILED, "message": GENERIC}
        return shown


class NoState(Api):
    def view(self, payment: Payment) -> dict[str, object]:
        return {name: value for name, value in super().view(payment).items() if name != "status"}


class RawAcknowledgement(Messages):
    def topic(self, payment: Payment) -> str:
        raw = f"Success. CheckoutRequestID {payment.checkout_request_id}, ResponseCode 0"
        return raw if payment.topic is Topic.WAITING else super().topic(payment)


class DownLaterOnly(Messages):
    def topic(self, payment: Payment) -> str:
        if payment.topic is Topic.UNAVAILABLE:
            return "M-Pesa is not available. Please try again in a few minutes."
        return super().topic(payment)


class DataAsPage(Api):
    """As programs do that print JSON and name no content type: a browser takes it for a page."""

    async def payment(self, request: web.Request) -> web.Response:
        return self.as_page(await super().payment(request))

    async def pay(self, request: web.Request) -> web.Response:
        return self.as_page(await super().pay(request))

    def as_page(self, answer: web.Response) -> web.Response:
        return web.Response(text=answer.text, status=answer.status, content_type="text/html")


class CountedIds(Store):
    def new_id(self) -> str:
        return str(1001 + self._db.execute("SELECT count(*) FROM payments").fetchone()[0])


ROWS = (
    defect("one-text", "U01", "Tells every customer the same, whatever the code.", OneText),
    defect("thanks-at-once", "A01", "Tells its customer at once that the payment was received.", ThanksAtOnce),
    defect("promises-not-charged", "U02", "Says that nothing was charged when nobody knows.", Promises),
    defect("own-receipt", "U03", "Shows its own number instead of M-Pesa's receipt.", OwnReceipt, PaidWithoutReceipt),
    defect("declined-by-bank", "S14", "Says of 17 that the bank declined.", DeclinedByBank),
    defect("raw-for-rare-codes", "U07", "Passes M-Pesa's raw words on for a rare code.", RawForRareCodes),
    defect("first-browser-only", "U04", "Shows a payment only to the browser that began it.", FirstBrowserOnly),
    defect("failed-by-timer", "Q10", "Says failed after ten seconds, whatever M-Pesa does.", FailedByTimer),
    defect("darajas-words", "U08", "Shows the text of Daraja's acknowledgement.", DarajasWords),
    defect("raw-acknowledgement", "U08", "Shows the fields of Daraja's acknowledgement.", RawAcknowledgement),
    defect("no-state", "K02", "Tells nobody the state of a payment.", NoState),
    defect("insufficient-is-generic", "U05", "Does not say that the balance is too low.", InsufficientIsGeneric),
    defect("down-is-generic", "U06", "Blames the customer when M-Pesa is down.", DownIsGeneric),
    defect("down-later-only", "U06", "Offers only a later try when M-Pesa is down.", DownLaterOnly),
    defect("pay-again-after-silence", "Q11", "Invites a second payment after five seconds.", PayAgainAfterSilence),
    defect("data-as-page", "U09", "Answers data, with the order's name in it, as a page.", DataAsPage),
    defect("counted-ids", "U10", "Numbers its payments, and shows each to anybody.", CountedIds),
)
