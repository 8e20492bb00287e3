#!/usr/bin/env bash
# Finding: mainfinity-django-mpesa loses a callback that is faster than the acknowledgement.
#
# Package: mainfinity-django-mpesa 0.1.1 (PyPI), Python 3.11. Its client is given, as its documentation shows for tests:
#   one that delivers the callback before it returns the acknowledgement.
# Date: 2026-11-29
# Behaviour: The row of a payment is written after the acknowledgement. A callback for a row that is not there yet is
#   answered 200, logged with an error, and never looked at again.
# Documented: The callback can arrive before the merchant has read the acknowledgement; seen in production.
# For a merchant: The customer has paid, Daraja was told that all is well, and the order stays open.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | callback first: answered 200, payment PENDING, log: No transaction found
#   | acknowledgement first: answered 200, payment SUCCESS, log: no error

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mainfinity-django-mpesa==0.1.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 pytz==2026.6 >&2 || exit 2
mkdir "$folder/shop"
cat >"$folder/shop/models.py" <<'PYTHON'
from django_mpesa.models import AbstractMpesaCallbackLog, AbstractMpesaTransaction


class Payment(AbstractMpesaTransaction):
    class Meta(AbstractMpesaTransaction.Meta):
        abstract = False


class Heard(AbstractMpesaCallbackLog):
    class Meta(AbstractMpesaCallbackLog.Meta):
        abstract = False
PYTHON
touch "$folder/shop/__init__.py"
PYTHONPATH="$folder" "$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="django_mpesa.urls",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_mpesa", "shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MPESA={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "174379", "PASSKEY": "passkey",
           "STK_CALLBACK_URL": "https://shop.example.co.ke/stk/callback/", "TRANSACTION_MODEL": "shop.Payment",
           "CALLBACK_LOG_MODEL": "shop.Heard", "USE_CELERY": False},
)
django.setup()
from django.core.management import call_command
from django.test import Client
from django_mpesa.services.stk_push import STKPushService
from shop.models import Heard, Payment

call_command("migrate", run_syncdb=True, verbosity=0)


def paid(checkout):
    items = {"Amount": 350, "MpesaReceiptNumber": "UK711AB2CD", "TransactionDate": 20261107143512,
             "PhoneNumber": 254711000111}
    return {"Body": {"stkCallback": {
        "MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": checkout, "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": [{"Name": name, "Value": value} for name, value in items.items()]}}}}


class Daraja:
    """Acknowledges a push; the customer may be quicker."""

    def __init__(self, checkout, quick):
        self.checkout, self.quick, self.answered = checkout, quick, None

    def deliver(self):
        self.answered = Client().post("/stk/callback/", paid(self.checkout), "application/json").status_code

    def post(self, path, payload):
        if self.quick:
            self.deliver()
        return {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": self.checkout,
                "ResponseCode": "0", "ResponseDescription": "Success. Request accepted for processing"}


for number, quick in enumerate((True, False), start=1):
    daraja = Daraja(f"ws_CO_0711202614350{number}711000111", quick)
    push = STKPushService(client=daraja).initiate("254711000111", 350, "ORDER42", "Order 42")
    if not quick:
        daraja.deliver()
    error = Heard.objects.order_by("received_at").last().error or "no error"
    print(f"{'callback' if quick else 'acknowledgement'} first: answered {daraja.answered}, payment "
          f"{Payment.objects.get(pk=push.pk).status}, log: {error.partition(' for ')[0]}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
