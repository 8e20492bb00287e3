#!/usr/bin/env bash
# Finding: Four clients cannot read a failure whose ResultCode has letters, and the payment stays open.
#
# Package: mpesa-daraja-mcp 0.1.4, singularity-payments 1.0.1, mpesa-wrapper 1.0.0, daraja-sdk 0.1.0 with Django 5.2.19
#   (PyPI), Python 3.11; the parts that read callbacks, as published.
# Date: 2026-11-29
# Behaviour: They turn the code into a number. mpesa-daraja-mcp's receiver files the callback as unknown, without
#   any identifier, and answers 200; daraja-sdk's answers 400 and keeps nothing; the other two raise.
# Documented: SFC_IC0003 "The operator does not exist." is a text in the callback of the push.
# For a merchant: The customer reads that the payment failed, the order waits for ever. A test with 1032 does not
#   show it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1032 mpesa-daraja-mcp: stk FAILED
#   | 1032 singularity-payments: False
#   | 1032 mpesa-wrapper: 1032
#   | 1032 daraja-sdk: 200, kept 1
#   | SFC_IC0003 mpesa-daraja-mcp: unknown ACCEPTED
#   | SFC_IC0003 singularity-payments: ValidationError
#   | SFC_IC0003 mpesa-wrapper: ValidationError
#   | SFC_IC0003 daraja-sdk: 400, kept 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-daraja-mcp==0.1.4 singularity-payments==1.0.1 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 \
  anyio==4.16.0 certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 pydantic==2.14.3 \
  pydantic_core==2.50.4 annotated-types==0.8.0 typing-inspection==0.4.5 tenacity==9.2.1 \
  cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 mpesa-wrapper==1.0.0 requests==2.34.2 \
  charset-normalizer==3.5.2 urllib3==2.8.0 python-dotenv==1.2.1 daraja-sdk==0.1.0 Django==5.2.19 \
  asgiref==3.13.0 sqlparse==0.6.1 h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, INSTALLED_APPS=["daraja_sdk"],
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="k", LOGGING_CONFIG=None,
)
django.setup()
from daraja_sdk.models import STKPushCallback
from daraja_sdk.views import stk_callback
from django.core.management import call_command
from django.test import RequestFactory
from mpesa_mcp.receiver import record_callback
from mpesa_mcp.store import ACCEPTED, Store
from mpesa_wrapper.models.callbacks import MpesaCallbackPayload
from singularity_payments.utils.callback import MpesaCallbackHandler

ID = "ws_CO_071020261435032708374149"


def callback(code):
    inner = {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": ID,
             "ResultCode": code, "ResultDesc": "The operator does not exist."}
    return {"Body": {"stkCallback": inner}}


call_command("migrate", verbosity=0)
for code in (1032, "SFC_IC0003"):
    store = Store(":memory:")
    store.save_request("order-42", "stk", ACCEPTED, {}, [ID])
    kind = record_callback(store, "/stk", callback(code))["kind"]
    print(code, "mpesa-daraja-mcp:", kind, store.get_request("order-42").status)
    for name, parse in (
        ("singularity-payments", lambda body: MpesaCallbackHandler().parse_callback(body).is_success),
        ("mpesa-wrapper", lambda body: MpesaCallbackPayload(**body).get_stk_callback().ResultCode),
    ):
        try:
            print(code, name + ":", parse(callback(code)))
        except Exception as error:
            print(code, name + ":", type(error).__name__)
    post = RequestFactory().post("/callback", json.dumps(callback(code)), content_type="application/json")
    answer = stk_callback(post)
    print(code, f"daraja-sdk: {answer.status_code}, kept {STKPushCallback.objects.filter(result_desc__contains='operator').count()}")
    STKPushCallback.objects.all().delete()
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
