"""The shop as programs see it: JSON."""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web
from checkout import Checkout
from intake import InputProblem, Intake
from messages import Messages
from records import Payment, State, Topic
from settings import Settings
from store import Store

HTTP_OF: dict[Topic, int] = {
    Topic.BAD_NUMBER: 400,
    Topic.BAD_AMOUNT: 400,
    Topic.CODE: 402,
    Topic.LOCKED: 409,
    Topic.REFUSED: 502,
    Topic.STAFF: 502,
    Topic.UNAVAILABLE: 503,
}
"""The status of an answer that starts nothing, by what went wrong."""


class Api:
    """The routes below /api, and /health."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        intake: Intake,
        checkout: Checkout,
        messages: Messages,
    ) -> None:
        self.settings = settings
        self.store = store
        self.intake = intake
        self.checkout = checkout
        self.messages = messages

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health", self.health),
            web.post("/api/pay", self.pay),
            web.get("/api/payments/{id}", self.payment),
            web.get("/api/payments/{id}/messages", self.payment_messages),
            web.get("/api/ledger", self.ledger),
        ]

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the shape of a handler
        return web.json_response({"status": "ok"})

    async def pay(self, request: web.Request) -> web.Response:
        """202 with the payment to follow; 4xx or 5xx with the reason in plain words."""
        try:
            given = await self.body(request)
            order = self.intake.order(
                phone=given.get("phone"), amount=given.get("amount"), reference=given.get("reference")
            )
            payment = await self.checkout.pay(order, request.headers.get("Idempotency-Key") or None)
        except InputProblem as problem:
            return web.json_response({"status": State.FAILED, "message": str(problem)}, status=400)
        return web.json_response(self.view(payment), status=http_status(payment))

    async def payment(self, request: web.Request) -> web.Response:
        return web.json_response(self.view(self.known(request)))

    async def payment_messages(self, request: web.Request) -> web.Response:
        """For staff: what Safaricom sent, as it came."""
        self.staff_only(request)
        return web.json_response({"messages": self.store.messages(self.known(request).id)})

    async def ledger(self, request: web.Request) -> web.Response:
        """For staff: what was credited to one order."""
        self.staff_only(request)
        credits = self.store.credits(request.query.get("reference", ""))
        return web.json_response({"credits": credits, "total": sum(int(str(c["amount"])) for c in credits)})

    def view(self, payment: Payment) -> dict[str, object]:
        """What the customer may see: the identifier in the address is the key to it."""
        return {
            "id": payment.id,
            "status": payment.state,
            "message": self.messages.of(payment),
            "receipt": self.receipt(payment),
            "credited": self.store.credited(payment.id),
            "reference": payment.reference,
            "amount": payment.amount,
        }

    def receipt(self, payment: Payment) -> str | None:
        return payment.receipt

    def known(self, request: web.Request) -> Payment:
        payment = self.store.get(request.match_info["id"])
        if payment is None:
            text = json.dumps({"message": "There is no such payment. Check the address of the order page."})
            raise web.HTTPNotFound(text=text, content_type="application/json")
        return payment

    def staff_only(self, request: web.Request) -> None:
        given = request.headers.get("X-Staff-Key", "")
        key = self.settings.staff_key
        if key and not hmac.compare_digest(given.encode(), key.encode()):
            raise web.HTTPForbidden(text='{"message": "For staff."}', content_type="application/json")

    async def body(self, request: web.Request) -> dict[str, Any]:
        try:
            given = await request.json()
        except ValueError as error:
            raise InputProblem("Send JSON with phone, amount and reference.") from error
        if not isinstance(given, dict):
            raise InputProblem("Send a JSON object with phone, amount and reference.")
        return given


def http_status(payment: Payment) -> int:
    """202 while it is open, 200 once it is paid, else the status of what went wrong."""
    if payment.state is State.FAILED:
        return HTTP_OF.get(payment.topic, 502)
    return 200 if payment.state is State.PAID else 202
