#!/usr/bin/env bash
# Finding: A customer who does not answer, or who enters a wrong PIN, stays a pending payment for ever.
#
# Package: django-mobile-money 1.0.0 (PyPI) in Django 5.2.19, Python 3.11; in-memory SQLite, its own view; nothing is
#   replaced.
# Date: 2026-11-30
# Behaviour: Five failure codes are known: 1, 17, 26, 32 and 1032. Every other ResultCode of a callback is saved as
#   pending, and payment_pending is sent in the place of payment_failed. The view answers 200.
# Documented: The ResultCode of a callback is final: 0 is paid, and any other is not. 1037 (no answer), 1019 (expired)
#   and 2001 (wrong PIN) are among the usual ones. 4999, still under way, comes in answers to a query only.
# For a merchant: Orders wait for money that does not come, and their stock stays reserved; the customer sees no
#   error, and is not asked to try again.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1032 Request Cancelled by user.: 200, failed, signal failed
#   | 1037 No response from user.: 200, pending, signal pending
#   | 1019 Transaction has expired: 200, pending, signal pending
#   | 2001 The initiator information is invalid.: 200, pending, signal pending
#   | 1025 An error occurred while sending a push request: 200, pending, signal pending
#   | SFC_IC0003 The operator does not exist.: 200, pending, signal pending

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  django-mobile-money==1.0.0 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django_mobile_money"], SECRET_KEY="k", LOGGING_CONFIG=None,
    ROOT_URLCONF="none", ALLOWED_HOSTS=["*"], MOBILE_MONEY={"MPESA": {"SHORTCODE": "174379"}},
)
django.setup()

from django.core.management import call_command
from django.test import RequestFactory
from django_mobile_money import signals
from django_mobile_money.models import MobileTransaction
from django_mobile_money.views import WebhookView

call_command("migrate", verbosity=0)
sent = []
for name in ("success", "failed", "pending"):
    getattr(signals, f"payment_{name}").connect(lambda name=name, **_: sent.append(name), weak=False)

FAILURES = (
    (1032, "Request Cancelled by user."), (1037, "No response from user."), (1019, "Transaction has expired"),
    (2001, "The initiator information is invalid."), (1025, "An error occurred while sending a push request"),
    ("SFC_IC0003", "The operator does not exist."),
)
for number, (code, words) in enumerate(FAILURES):
    checkout = f"ws_CO_07102026143503{number}711000111"
    MobileTransaction.objects.create(transaction_id=checkout, backend="mpesa", phone="254711000111", amount=350)
    callback = {"Body": {"stkCallback": {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
                                         "CheckoutRequestID": checkout, "ResultCode": code, "ResultDesc": words}}}
    request = RequestFactory().post("/paid", json.dumps(callback), content_type="application/json;charset=UTF-8")
    answer = WebhookView.as_view(backend_id="mpesa")(request)
    status = MobileTransaction.objects.get(transaction_id=checkout).status
    print(f"{code} {words}: {answer.status_code}, {status}, signal {sent.pop()}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
