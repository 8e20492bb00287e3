#!/usr/bin/env bash
# Finding: mainfinity-django-mpesa settles an invoice of 12,000 shillings with a C2B payment of 100, as 12,000 paid.
#
# Package: mainfinity-django-mpesa 0.1.1 (PyPI) in Django 5.2.19, Python 3.11; its own view and task, in-memory SQLite.
# Date: 2026-11-30
# Behaviour: A confirmation is matched with a pending C2B row of the shop by the account number alone. The row becomes
#   SUCCESS and keeps the amount that was expected; what was paid is in the raw body only. A payment without such a row
#   is stored with the amount that was paid.
# Documented: In C2B the customer types amount and account. TransAmount is what was paid; a shop can refuse another
#   amount by validation, which is off unless Safaricom was asked for it.
# For a merchant: Rent paid in instalments, or with a zero too few, counts as paid in full, and the books show money
#   that never came.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 100.00 into HOUSE-12B, of which 12000 were expected: answered 200, SUCCESS, amount 12000.00
#   | 100.00 into HOUSE-14C, of which nothing was expected: answered 200, SUCCESS, amount 100.00

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mainfinity-django-mpesa==0.1.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json
import sys
import types

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_mpesa", "shop"],
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="k", LOGGING_CONFIG=None,
    MPESA={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "600992", "PASSKEY": "passkey",
           "TRANSACTION_MODEL": "shop.Payment", "CALLBACK_LOG_MODEL": "shop.CallbackLog", "USE_CELERY": False},
)
shop = types.ModuleType("shop")
shop.__path__ = [sys.prefix]
sys.modules["shop"] = shop
django.setup()

from django.db import connection
from django_mpesa.models import AbstractMpesaCallbackLog, AbstractMpesaTransaction


class Payment(AbstractMpesaTransaction):
    class Meta:
        app_label = "shop"


class CallbackLog(AbstractMpesaCallbackLog):
    class Meta:
        app_label = "shop"


with connection.schema_editor() as editor:
    editor.create_model(Payment)
    editor.create_model(CallbackLog)

from django_mpesa.views import C2BConfirmationView
from rest_framework.test import APIRequestFactory


def confirm(receipt, account):
    body = {"TransactionType": "Pay Bill", "TransID": receipt, "TransTime": "20261007144210", "TransAmount": "100.00",
            "BusinessShortCode": "600992", "BillRefNumber": account, "InvoiceNumber": "",
            "OrgAccountBalance": "30671.00", "ThirdPartyTransID": "", "MSISDN": "2547 ***** 111",
            "FirstName": "AMINA", "MiddleName": "", "LastName": ""}
    request = APIRequestFactory().post("/confirmation", json.dumps(body), content_type="application/json",
                                       REMOTE_ADDR="196.201.214.200")
    answer = C2BConfirmationView.as_view()(request)
    row = Payment.objects.get(mpesa_receipt_number=receipt)
    return f"answered {answer.status_code}, {row.status}, amount {row.amount:.2f}"


Payment.objects.create(transaction_type="C2B", phone_number="254711000111", amount=12000,
                       account_reference="HOUSE-12B", transaction_desc="Rent", status="PENDING")
print("100.00 into HOUSE-12B, of which 12000 were expected:", confirm("UJ7M2P5RTY", "HOUSE-12B"))
print("100.00 into HOUSE-14C, of which nothing was expected:", confirm("UJ7M2P5RU0", "HOUSE-14C"))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
