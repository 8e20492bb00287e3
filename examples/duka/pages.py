"""The shop as customers see it: two pages, which work without JavaScript and survive a reload."""

from __future__ import annotations

import re
import secrets
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web
from api import Api, http_status
from goods import GOODS, Good
from intake import InputProblem
from records import Order, Payment, State, Topic

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
