"""The checkout of Oscar for a guest: basket, address, preview, order; and the page of the order."""

from __future__ import annotations

import re
from threading import local

from browser import Browser
from tayari_money.payment_record import PaymentState
from tayari_target.adapter import Adapter
from tayari_target.views import Started, StatusView

EMAIL = "guest@shop.example"
ORDER = re.compile(r"/order-status(?:-form)?/(\d+/[^/]+)/")
STATUS = re.compile(r"<h3>Status</h3>\s*</div>\s*<p>(\w+)</p>")
STATES = {"Paid": PaymentState.PAID, "Cancelled": PaymentState.FAILED, "Pending": PaymentState.PENDING}


class Oscar(Adapter):
    """One browser for each payment; a page of an order asks a guest for the e-mail address, once."""

    tells = frozenset({"msisdn", "amount"})
    shows = frozenset({"message"})
    _browsers = local()

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str, idempotency_key: str) -> Started:
        """Order airtime for an amount in shillings."""
        shop = f"http://127.0.0.1:{self.placeholders['port']}"
        browser = Browser(float(self.target.merchant.timeout_s))
        address = {"first_name": "Asha", "last_name": reference, "line1": "Moi Avenue", "line4": "Nairobi"}
        try:
            browser.get(f"{shop}/catalogue/a-shilling-of-airtime_1/")
            status = browser.send(f"{shop}/basket/add/1/", {"quantity": str(amount)})
            browser.get(f"{shop}/checkout/")
            browser.send(f"{shop}/checkout/", {"username": EMAIL, "options": "anonymous"})
            if "/shipping-address/" in browser.url:
                status = browser.send(
                    browser.url, {**address, "postcode": "00100", "country": "KE", "phone_number": msisdn}
                )
            browser.get(f"{shop}/checkout/preview/")
            if browser.url.endswith("/checkout/preview/"):
                status = browser.send(browser.url, {"action": "place_order"})
        except OSError as error:
            return Started(accepted=False, status=None, payment_id=None, error=str(error))
        order = ORDER.search(browser.url)
        accepted = order is not None and status < 400
        return Started(
            accepted=accepted,
            status=status if accepted or status >= 400 else 422,
            payment_id=order[1] if order else None,
            message=browser.alerts,
            body=browser.page,
            content_type="text/html",
        )

    def read_status(self, *, payment_id: str, reference: str) -> StatusView:
        """What the guest reads."""
        page = f"http://127.0.0.1:{self.placeholders['port']}/accounts/order-status/{payment_id}/"
        browser: Browser = self._browsers.__dict__.setdefault(page.partition("/order-status/")[0], Browser(10.0))
        try:
            status = browser.get(page)
            if "/order-status-form/" in browser.url:
                status = browser.send(browser.url, {"email": EMAIL})
        except OSError as error:
            return StatusView(state=None, error=str(error))
        found = STATUS.search(browser.page)
        word = found[1] if found else ""
        text = " ".join(filter(None, (browser.alerts, f"Status: {word}" if word else "")))
        return StatusView(
            state=STATES.get(word), raw_state=word, message=text, http_status=status, body=browser.page, error=""
        )
