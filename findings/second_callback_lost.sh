#!/usr/bin/env bash
# Finding: daraja-sdk keeps one callback for each payment; a success that comes second is answered 500 and lost.
#
# Package: daraja-sdk 0.1.0 (PyPI) in Django 5.2.19, Python 3.11; its own view, in-memory SQLite, nothing is replaced.
# Date: 2026-11-29
# Behaviour: The row of a callback is tied one to one to the push. Any second callback raises IntegrityError, which is
#   HTTP 500: a success after a time-out, or the same success once more. The shop gets no signal.
# Documented: Its page: listen to the signal payment_received. Several sources tell of callbacks that come twice, and of
#   a 0 that follows a 1037 minutes later.
# For a merchant: The money is there, the order stays failed, and the receipt is in no table.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1037: 200, payments told to the shop: 0
#   | then 0, receipt UJ7K4T9QWX: IntegrityError, payments told to the shop: 0
#   | kept: 1037 ''
#   | a success: 200, payments told to the shop: 1
#   | the same once more: IntegrityError, payments told to the shop: 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps daraja-sdk==0.1.0 Django==5.2.19 \
  asgiref==3.13.0 sqlparse==0.6.1 anyio==4.16.0 certifi==2026.10.18 h11==0.16.0 h2==4.4.1 hpack==4.2.0 \
  httpcore==1.0.9 httpx==0.28.1 hyperframe==6.1.0 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, INSTALLED_APPS=["daraja_sdk"],
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="k", LOGGING_CONFIG=None,
)
django.setup()

from daraja_sdk.models import STKPushCallback, STKPushRequest
from daraja_sdk.signals import payment_received
from daraja_sdk.views import stk_callback
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import RequestFactory

call_command("migrate", verbosity=0)
told = []
payment_received.connect(lambda callback, **_: told.append(callback.mpesa_receipt_number), weak=False)


def deliver(name, checkout, code, description, receipt=None):
    body = {"MerchantRequestID": "6a1d-" + checkout, "CheckoutRequestID": checkout, "ResultCode": code, "ResultDesc": description}
    if receipt:
        body["CallbackMetadata"] = {"Item": [{"Name": "Amount", "Value": 350}, {"Name": "MpesaReceiptNumber", "Value": receipt},
                                             {"Name": "TransactionDate", "Value": 20261007143521},
                                             {"Name": "PhoneNumber", "Value": 254711000111}]}
    request = RequestFactory().post("/mpesa/stk/callback/", json.dumps({"Body": {"stkCallback": body}}), content_type="application/json")
    try:
        with transaction.atomic():
            answer = stk_callback(request).status_code
    except IntegrityError:
        answer = "IntegrityError"
    print(f"{name}: {answer}, payments told to the shop: {len(told)}")


for checkout in ("ws_CO_071020261435032711000111", "ws_CO_071020261439032711000111"):
    STKPushRequest.objects.create(merchant_request_id="6a1d-" + checkout, checkout_request_id=checkout,
                                  phone="254711000111", amount=350, account_reference="ORDER42", response_code="0")
first, second = STKPushRequest.objects.order_by("pk").values_list("checkout_request_id", flat=True)
success = "The service request is processed successfully."
deliver("1037", first, 1037, "DS timeout user cannot be reached")
deliver("then 0, receipt UJ7K4T9QWX", first, 0, success, "UJ7K4T9QWX")
kept = STKPushCallback.objects.get()
print("kept:", kept.result_code, repr(kept.mpesa_receipt_number))
deliver("a success", second, 0, success, "UJ7K4T9QWY")
deliver("the same once more", second, 0, success, "UJ7K4T9QWY")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
