"""The checkout of pretix as a customer's browser walks it: ticket, contact, payment method, confirmation."""

from __future__ import annotations

import re
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from tayari_target.adapter import Adapter
from tayari_target.views import Started

ORDER = re.compile(r"/order/([^/]+/[^/]+)/")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ALERT = re.compile(r'class="alert alert-(?:danger|warning)[^"]*"[^>]*>(.*?)</div>', re.DOTALL)


class Checkout(Adapter):
    """One browser for each payment."""

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str, idempotency_key: str) -> Started:
        """Buy a ticket at that price."""
        shop = f"http://127.0.0.1:{self.placeholders['port']}/tamasha/concert"
        browser = Browser(float(self.target.merchant.timeout_s))
        status = browser.get(f"{shop}/")
        forms = {
            "/questions/": {"email": f"{reference.lower()}@shop.example", "mpesa_phone_number": msisdn},
            "/payment/": {"payment": "mpesa"},
            "/confirm/": {},
        }
        try:
            browser.send(f"{shop}/cart/add", {"item_1": "1", "price_1": str(amount)})
            status = browser.get(f"{shop}/checkout/start")
            for step, fields in forms.items():
                if step in browser.url:
                    status = browser.send(browser.url, fields)
        except (URLError, OSError) as error:
            return Started(accepted=False, status=None, payment_id=None, error=str(error))
        order = ORDER.search(browser.url)
        alerts = " ".join(re.sub(r"<[^>]+>", " ", " ".join(ALERT.findall(browser.page))).split())
        accepted = order is not None and status < 400
        return Started(
            accepted=accepted,
            status=status if accepted or status >= 400 else 422,
            payment_id=order[1] if order else None,
            message=alerts or ("" if order is None else "Your order has been placed successfully."),
            body=browser.page,
            content_type="text/html",
        )


class Browser:
    """Cookies, the page that is shown, and its address."""

    def __init__(self, timeout_s: float) -> None:
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        self._timeout_s = timeout_s
        self.page = ""
        self.url = ""

    def get(self, url: str) -> int:
        """Open a page."""
        return self._open(Request(url))

    def send(self, url: str, fields: dict[str, str]) -> int:
        """Send a form with the token of the page that is shown."""
        token = TOKEN.search(self.page)
        body = urlencode({"csrfmiddlewaretoken": token[1] if token else "", **fields})
        return self._open(Request(url, data=body.encode(), headers={"Referer": self.url}))

    def _open(self, request: Request) -> int:
        try:
            answer = self._opener.open(request, timeout=self._timeout_s)
        except HTTPError as refusal:
            answer = refusal
        with answer:
            self.page, self.url = answer.read().decode("utf-8", "replace"), answer.url
            return int(answer.status)
