"""django-daraja. Way in: its function `api_base_url`, which knows three fixed hosts, is replaced where it is used."""

from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from journey import AMOUNT, CONSUMER_KEY, CONSUMER_SECRET, DARAJA_URL, PASSKEY, REFERENCE, SHORT_CODE, travel

settings.configure(
    INSTALLED_APPS=["django_daraja"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
    MPESA_ENVIRONMENT="sandbox",
    MPESA_CONSUMER_KEY=CONSUMER_KEY,
    MPESA_CONSUMER_SECRET=CONSUMER_SECRET,
    MPESA_PASSKEY=PASSKEY,
    MPESA_EXPRESS_SHORTCODE=SHORT_CODE,
)
django.setup()
call_command("migrate", verbosity=0)

from django_daraja.mpesa import core, utils

core.api_base_url = utils.api_base_url = lambda: f"{DARAJA_URL}/"
client = core.MpesaClient()


def push(msisdn: str, url: str) -> dict[str, Any]:
    answer = client.stk_push(msisdn, AMOUNT, REFERENCE, "Order 42", url)
    return {
        "checkout_request_id": answer.checkout_request_id,
        "merchant_request_id": answer.merchant_request_id,
        "response_code": answer.response_code,
        "error_code": answer.error_code,
    }


def parse(text: str) -> dict[str, Any]:
    result = client.parse_stk_result(text)
    return {
        "result_code": result["ResultCode"],
        "checkout_request_id": result["CheckoutRequestID"],
        "amount": result.get("Amount"),
        "receipt": result.get("MpesaReceiptNumber"),
        "msisdn": result.get("PhoneNumber"),
    }


travel(token=client.access_token, push=push, query=None, parse=parse)
