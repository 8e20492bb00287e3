"""The shop as programs see it, in JSON, and as customers see it: two pages."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import web
from checkout import Checkout
from intake import GOODS, Good, InputProblem, Intake
from messages import Messages
from records import Order, Payment, State, Topic
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


SITE = Path(__file__).parent / "site"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
TITLES = {
    State.PENDING: ("Angalia simu yako", "Check your phone"),
    State.PAID: ("Asante sana!", "Payment received"),
    State.FAILED: ("Haijakamilika", "Not completed"),
    State.REVIEW: ("Tunakagua", "We are checking"),
}


class Pages:
    """GET / with the goods, POST /pay, and one page for each payment."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._shop = Template((SITE / "shop.html").read_text())
        self._good = Template((SITE / "good.html").read_text())
        self._order = Template((SITE / "order.html").read_text())

    def routes(self) -> list[web.RouteDef | web.StaticDef]:
        return [
            web.get("/", self.shop),
            web.post("/pay", self.pay),
            web.get("/orders/{id}", self.order),
            web.post("/orders/{id}/again", self.again),
            web.static("/site", SITE),
        ]

    async def shop(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the shape of a handler
        return self.shop_page()

    def shop_page(self, *, chosen: str = "chai", phone: str = "", problem: str = "", status: int = 200) -> web.Response:
        """The shelf. The hidden order number makes a second click, or a reload, the same order."""
        return html(
            self._shop.substitute(
                goods="".join(self.good(good, checked=good.key == chosen) for good in GOODS.values()),
                order=secrets.token_hex(16),
                phone=escape(phone),
                problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
            ),
            status=status,
        )

    def good(self, good: Good, *, checked: bool) -> str:
        return self._good.substitute(
            key=good.key,
            name=escape(good.name),
            swahili=escape(good.swahili),
            amount=f"{good.amount:,}",
            checked="checked" if checked else "",
        )

    async def pay(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        good, phone, key = GOODS.get(form.get("good", "")), form.get("phone", ""), form.get("order", "")
        if good is None or not re.fullmatch("[0-9a-f]{32}", key):
            return self.shop_page(phone=phone, problem="Please choose what to buy.", status=400)
        try:
            order = self._api.intake.order(phone=phone, amount=good.amount, reference=f"DK{key[:8].upper()}")
            payment = await self._api.checkout.pay(order, key)
        except InputProblem as problem:
            return self.shop_page(chosen=good.key, phone=phone, problem=str(problem), status=400)
        raise web.HTTPSeeOther(f"/orders/{payment.id}")

    async def again(self, request: web.Request) -> web.Response:
        """Another try for an order whose payment failed; while one is open, the same one."""
        payment = self._api.known(request)
        order = Order(msisdn=payment.msisdn, amount=payment.amount, reference=payment.reference)
        raise web.HTTPSeeOther(f"/orders/{(await self._api.checkout.pay(order, None)).id}")

    async def order(self, request: web.Request) -> web.Response:
        """The state as the server has it. The page's script only asks for it again."""
        payment = self._api.known(request)
        swahili, english = title(payment)
        return html(
            self._order.substitute(
                id=payment.id,
                state=payment.state.lower(),
                swahili=swahili,
                english=english,
                message=escape(self._api.messages.of(payment)),
                amount=f"{payment.amount:,}",
                reference=escape(payment.reference),
                phone=f"0{payment.msisdn[3:6]} ··· {payment.msisdn[-3:]}",
                receipt=escape(self._api.receipt(payment) or "–"),
                next=self.next_step(payment),
                refresh='<meta http-equiv="refresh" content="5">' if payment.state is State.PENDING else "",
            )
        )

    def next_step(self, payment: Payment) -> str:
        if payment.state is State.FAILED and http_status(payment) != 400:
            return (
                f'<form method="post" action="/orders/{payment.id}/again">'
                "<button>Lipa tena <small>Pay again</small></button></form>"
                '<a class="quiet" href="/">Back to the shop</a>'
            )
        return '<a class="quiet" href="/">Back to the shop</a>' if payment.state is not State.PENDING else ""


def title(payment: Payment) -> tuple[str, str]:
    """The heading, in Swahili and English. "Check your phone" only while a prompt is surely on it."""
    unsure = payment.state is State.PENDING and payment.topic in {Topic.CHECKING, Topic.CODE}
    return TITLES[State.REVIEW if unsure else payment.state]


def html(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)
