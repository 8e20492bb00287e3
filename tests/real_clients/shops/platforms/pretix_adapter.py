"""The checkout of pretix: ticket, contact, payment method, confirmation."""

from __future__ import annotations

import re

from browser import Browser
from tayari_target.adapter import Adapter
from tayari_target.views import Started

BUSY = "The shop is too busy. Please try again."
ORDER = re.compile(r"/order/([^/]+/[^/]+)/")


class Pretix(Adapter):
    """One browser, and so one order, for each payment."""

    tells = frozenset({"msisdn", "amount"})

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str, idempotency_key: str) -> Started:
        """Buy a ticket at that price."""
        shop = f"http://127.0.0.1:{self.placeholders['port']}/tamasha/concert"
        browser = Browser(float(self.target.merchant.timeout_s))
        forms = {
            "/questions/": {"email": f"{reference.lower()}@shop.example", "mpesa_phone_number": msisdn},
            "/payment/": {"payment": "mpesa"},
            "/confirm/": {},
        }
        try:
            browser.get(f"{shop}/")
            browser.send(f"{shop}/cart/add", {"item_1": "1", "price_1": str(amount)})
            status = browser.get(f"{shop}/checkout/start")
            if browser.broken:  # before the number is typed: "database is locked", which the page does not say
                return Started(accepted=False, status=503, payment_id=None, message=BUSY, body=browser.page)
            for step, fields in forms.items():
                if step in browser.url:
                    status = browser.send(browser.url, fields)
        except OSError as error:
            return Started(accepted=False, status=None, payment_id=None, error=str(error))
        order = ORDER.search(browser.url)
        reasonless = not browser.alerts or "too busy" in browser.alerts
        if order is None and status < 500 and reasonless:
            return Started(accepted=False, status=503, payment_id=None, message=BUSY, body=browser.page)
        accepted = order is not None and status < 400
        return Started(
            accepted=accepted,
            status=status if accepted or status >= 400 else 422,
            payment_id=order[1] if order else None,
            message=browser.alerts or ("" if order is None else "Your order has been placed successfully."),
            body=browser.page,
            content_type="text/html",
        )
