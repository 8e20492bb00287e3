"""python-daraja. Way in: its module's `requests` is replaced, because the host is written into each function."""

import types
from typing import Any

import requests
from journey import AMOUNT, CONSUMER_KEY, CONSUMER_SECRET, DARAJA_URL, PASSKEY, REFERENCE, SHORT_CODE, travel
from python_daraja import payment


def _request(method: str, url: str, **kwargs: Any) -> requests.Response:
    return requests.request(method, url.replace("https://sandbox.safaricom.co.ke", DARAJA_URL), **kwargs)


payment.requests = types.SimpleNamespace(request=_request)
payment.CONSUMER_KEY = CONSUMER_KEY
payment.CONSUMER_SECRET = CONSUMER_SECRET
payment.PASSKEY = PASSKEY
payment.SHORT_CODE = SHORT_CODE
payment.ACCOUNT_TYPE = "PAYBILL"


def push(msisdn: str, url: str) -> dict[str, Any]:
    answer = payment.trigger_stk_push(
        phone_number=int(msisdn), amount=AMOUNT, callback_url=url, account_ref=REFERENCE, description="Order 42"
    )
    return {**answer, "checkout_request_id": answer.get("CheckoutRequestID")}


travel(token=payment._get_access_token, push=push, query=payment.query_stk_push, parse=None)
