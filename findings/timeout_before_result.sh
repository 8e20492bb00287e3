#!/usr/bin/env bash
# Finding: mainfinity-django-mpesa treats the queue timeout of a payout as final and ignores the success that
#   follows.
#
# Package: mainfinity-django-mpesa 0.1.1 (PyPI) in Django 5.2.19, Python 3.11; its own views, in-memory SQLite.
# Date: 2026-11-29
# Behaviour: The timeout sets the status TIMEOUT, tells the shop payout_failed, and TIMEOUT is a final state: the
#   later result with ResultCode 0 is marked as processed and changes nothing.
# Documented: A call of QueueTimeOutURL is no final state: the transaction may still run and its result may still
#   come (common pattern of the initiator APIs).
# In doubt: No capture of a real timeout body exists. The script sends the assumed form: a Result without parameters.
# For a merchant: The customer has the money, the shop's books say failed; whoever repeats the payout pays twice.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | after the queue timeout: TIMEOUT
#   | result answered {'ResultCode': 0, 'ResultDesc': 'Accepted'}
#   | after the success: TIMEOUT None ['payout_failed']

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

from django_mpesa.signals import payout_completed, payout_failed
from django_mpesa.views import B2CResultView, B2CTimeoutView
from rest_framework.test import APIRequestFactory

heard = []
payout_failed.connect(lambda **_: heard.append("payout_failed"), weak=False)
payout_completed.connect(lambda **_: heard.append("payout_completed"), weak=False)


def post(view, body, address="196.201.214.200"):
    request = APIRequestFactory().post("/callback", json.dumps(body), content_type="application/json", REMOTE_ADDR=address)
    return view.as_view()(request)


def result(code, conversation_id):
    inner = {"ResultType": 0, "ResultCode": code, "ResultDesc": "The service request is processed successfully.",
             "OriginatorConversationID": "payout-000017-3f9c", "ConversationID": conversation_id,
             "TransactionID": "UJ74B7XW2K",
             "ResultParameters": {"ResultParameter": [{"Key": "TransactionAmount", "Value": 250},
                                                      {"Key": "TransactionReceipt", "Value": "UJ74B7XW2K"}]}}
    return {"Result": inner}


def payout(conversation_id):
    return Payment.objects.create(transaction_type="B2C", phone_number="254711000111", amount=250,
                                  account_reference="17", transaction_desc="payout", conversation_id=conversation_id)


one = payout("AG_20261007_20105f3ac19be27d6041")
timeout = result(1, one.conversation_id)
del timeout["Result"]["ResultParameters"]
post(B2CTimeoutView, timeout)
one.refresh_from_db()
print("after the queue timeout:", one.status)
print("result answered", post(B2CResultView, result(0, one.conversation_id)).data)
one.refresh_from_db()
print("after the success:", one.status, one.mpesa_receipt_number, heard)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
