#!/usr/bin/env bash
# Finding: django-mpesa-express looks for a key of callbacks that Daraja does not send, and answers each with 500.
#
# Package: django-mpesa-express 0.1 (PyPI), Python 3.11, Django's own test client; nothing is replaced.
# Date: 2026-11-29
# Behaviour: ResultCode is read from stkCallback, CheckoutRequestID from stkCallBack: every callback raises KeyError.
# Documented: The key is stkCallback in every published example.
# For a merchant: No payment is ever settled, and Daraja does not send a callback again.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | a success: 500, KeyError('stkCallBack'), status of the payment 1
#   | a cancelled prompt: 500, KeyError('stkCallBack'), status of the payment 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check setuptools==80.9.0 wheel==0.45.1 >&2 || exit 2
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps --no-build-isolation \
  django-mpesa-express==0.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 djangorestframework==3.16.1 \
  django-phonenumber-field==8.5.0 phonenumbers==9.0.43 pytz==2026.6 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import contextlib
import io
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="express.urls",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "phonenumber_field", "express"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    BASE_URL="https://shop.example.co.ke", MPESA_CALLBACK_URL="/callback/", MPESA_SHORT_CODE="174379",
    MPESA_CONSUMER_KEY="key", MPESA_CONSUMER_SECRET="secret", MPESA_API_KEY="passkey",
    MPESA_ACCESS_TOKEN_URL="http://127.0.0.1:9/token", MPESA_STK_PUSH_URL="http://127.0.0.1:9/push",
)
django.setup()
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.test import Client
from express.models import Transaction

call_command("migrate", run_syncdb=True, verbosity=0)
raised = []


def note(**_):
    raised.append(repr(sys.exc_info()[1]))


got_request_exception.connect(note)
ITEMS = {"Amount": 350, "MpesaReceiptNumber": "UK711AB2CD", "TransactionDate": 20261107143512, "PhoneNumber": 254711000111}
RESULTS = {
    "a success": {"ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
                  "CallbackMetadata": {"Item": [{"Name": name, "Value": value} for name, value in ITEMS.items()]}},
    "a cancelled prompt": {"ResultCode": 1032, "ResultDesc": "Request canceled by user."},
}
for number, (name, result) in enumerate(RESULTS.items()):
    checkout = f"ws_CO_0711202614350{number}711000111"
    Transaction.objects.create(phone_number="+254711000111", checkout_request_id=checkout, amount="350")
    body = {"Body": {"stkCallback": {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
                                     "CheckoutRequestID": checkout, **result}}}
    with contextlib.redirect_stdout(io.StringIO()):
        answer = Client(raise_request_exception=False).post("/callback/", body, "application/json")
    status = Transaction.objects.get(checkout_request_id=checkout).status
    print(f"{name}: {answer.status_code}, {raised[-1]}, status of the payment {status}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
