"""Money that goes back: a payment is reversed once, and it is back when M-Pesa's result says so.

A reversal is for what customers paid to this short code. Whatever is lost on the way, no second one is sent: the row is
written before the request, and one payment has one row.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
from typing import Any

from aiohttp import web
from api import Api
from callbacks import CallbackPaths
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from daraja import AnswerLost, Daraja, NoToken, NotSent
from records import Payment, State
from settings import Settings
from store import Store

log = logging.getLogger("duka")

REVERSAL = "/mpesa/reversal/v1/request"
PREFIX = "/refunds"
PENDING, REFUNDED, FAILED, REVIEW = "PENDING", "REFUNDED", "FAILED", "REVIEW"
REVERSED_BEFORE = "R000001"


class Refunds:
    """The routes of refunds, and what M-Pesa's results mean for them."""

    def __init__(self, *, settings: Settings, store: Store, daraja: Daraja, paths: CallbackPaths, api: Api) -> None:
        self.settings = settings
        self.store = store
        self.daraja = daraja
        self.paths = paths
        self.api = api

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/payments/{id}/refund", self.start),
            web.get("/api/payments/{id}/refund", self.show),
            web.post(PREFIX + "/{id}/{mark}/{what}", self.receive),
        ]

    async def start(self, request: web.Request) -> web.Response:
        """202 with the refund of this payment: a new one, or the one that it has."""
        self.api.staff_only(request)
        payment = self.api.known(request)
        if payment.state is not State.PAID or not payment.receipt:
            return web.json_response({"message": "Only a paid payment with a receipt can be refunded."}, status=409)
        if not self.settings.certificate:
            return web.json_response({"message": "Refunds are not set up: MPESA_CERTIFICATE is missing."}, status=503)
        if self.begin(payment):
            await self.send(payment)
        return web.json_response({"id": payment.id, "status": self.store.refund(payment.id)}, status=202)

    def begin(self, payment: Payment) -> bool:
        """Write the refund down. False: the payment has one already, and nothing may be sent."""
        return self.store.open_refund(payment.id, PENDING)

    async def show(self, request: web.Request) -> web.Response:
        self.api.staff_only(request)
        payment = self.api.known(request)
        return web.json_response({"id": payment.id, "status": self.store.refund(payment.id)})

    async def send(self, payment: Payment) -> None:
        """Ask for the reversal. An acknowledgement is no refund, and a lost answer is no failure."""
        try:
            reply = await self.daraja.call(REVERSAL, lambda: self.body(payment))
        except (NoToken, NotSent) as error:
            log.warning("refund of %s was not sent: %s", payment.id, error)
            self.store.end_refund(payment.id, FAILED)
        except AnswerLost as error:
            await self.unsure(payment, str(error))
        else:
            if reply.status >= 500:
                await self.unsure(payment, f"HTTP {reply.status}")
            elif str(reply.body.get("ResponseCode")) != "0":
                self.store.end_refund(payment.id, FAILED)

    async def unsure(self, payment: Payment, why: str) -> None:
        """M-Pesa may have taken the request: a person decides, unless a result comes."""
        log.warning("refund of %s is not known to have been accepted: %s", payment.id, why)
        self.store.end_refund(payment.id, REVIEW)

    def body(self, payment: Payment) -> dict[str, object]:
        """The field is spelt `Reciever...`, and 11 is its only value."""
        address = f"{self.settings.public_url.rstrip('/')}{PREFIX}/{payment.id}/{self.mark(payment.id)}"
        return {
            "Initiator": self.settings.initiator,
            "SecurityCredential": self.credential(),
            "CommandID": "TransactionReversal",
            "TransactionID": self.transaction_id(payment),
            "Amount": payment.amount,
            "ReceiverParty": self.settings.short_code,
            "RecieverIdentifierType": "11",
            "ResultURL": f"{address}/result",
            "QueueTimeOutURL": f"{address}/late",
            "Remarks": f"Refund of {payment.reference}"[:100],
        }

    def transaction_id(self, payment: Payment) -> str:
        """M-Pesa's receipt: a CheckoutRequestID names a request, not the money."""
        return str(payment.receipt)

    def mark(self, payment_id: str) -> str:
        return self.paths.mark(f"refund {payment_id}")

    def credential(self) -> str:
        """The initiator's password, encrypted with M-Pesa's certificate."""
        with open(self.settings.certificate, "rb") as file:
            key = x509.load_pem_x509_certificate(file.read()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return base64.b64encode(key.encrypt(self.settings.initiator_password.encode(), padding.PKCS1v15())).decode()

    async def receive(self, request: web.Request) -> web.Response:
        """A result, or word that the request waits too long, which decides nothing."""
        payment = self.store.get(request.match_info["id"])
        if payment is None or not hmac.compare_digest(request.match_info["mark"], self.mark(payment.id)):
            return web.json_response({"ResultCode": 1, "ResultDesc": "Not accepted"}, status=403)
        try:
            message = json.loads(await request.read())
        except ValueError:
            return web.json_response({"ResultCode": 1, "ResultDesc": "Not a result"}, status=400)
        result = message.get("Result") if isinstance(message, dict) else None
        if isinstance(result, dict) and request.match_info["what"] == "result":
            await self.settle(payment, result)
        return web.json_response({"ResultCode": 0, "ResultDesc": "Accepted"})

    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        """Codes are compared as text. That it was reversed before is for a person: by whom, and why?"""
        code = str(result.get("ResultCode", ""))
        self.store.end_refund(payment.id, {"0": REFUNDED, REVERSED_BEFORE: REVIEW}.get(code, FAILED))
