#!/usr/bin/env bash
# Finding: django-mobile-money calls a push a success as soon as Daraja has taken it; nobody has paid yet.
#
# Package: django-mobile-money 1.0.0 (PyPI) in Django 5.2.19, Python 3.11; in-memory SQLite; a stub of Daraja on
#   127.0.0.1, put in the place of the sandbox's address.
# Date: 2026-11-30
# Behaviour: The ResponseCode of the acknowledgement is read with the table of result codes, where "0" is success. The
#   row of the payment is saved as success, and the signal payment_success is sent. Its page tells shops to confirm
#   the payment on this status. A customer who then cancels makes the same row failed, after the signal.
# Documented: ResponseCode "0" says that the request was accepted for processing. The callback says whether it was paid.
# For a merchant: Goods leave for every prompt that is sent, also for the prompts that customers cancel.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | pay() returns: success, Success. Request accepted for processing
#   | signal: paid
#   | the row before any callback: success
#   | signal: failed
#   | the row after the customer cancelled: failed

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  django-mobile-money==1.0.0 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django_mobile_money"], SECRET_KEY="k", LOGGING_CONFIG=None,
    ROOT_URLCONF="none", ALLOWED_HOSTS=["*"],
    MOBILE_MONEY={"MPESA": {"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "174379",
                            "PASSKEY": "passkey", "CALLBACK_URL": "https://shop.example.co.ke/paid"}},
)
django.setup()

from django.core.management import call_command
from django.test import RequestFactory
from django_mobile_money import pay, signals
from django_mobile_money.backends.mpesa import MPesaBackend
from django_mobile_money.models import MobileTransaction
from django_mobile_money.utils import create_transaction
from django_mobile_money.views import WebhookView

CHECKOUT = "ws_CO_071020261435032711000111"


class Stub(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        words = "Success. Request accepted for processing"
        self.answer({"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": CHECKOUT,
                     "ResponseCode": "0", "ResponseDescription": words, "CustomerMessage": words})


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
original = MPesaBackend.__init__


def at_stub(self):
    original(self)
    self.base_url = f"http://127.0.0.1:{server.server_port}"


MPesaBackend.__init__ = at_stub
call_command("migrate", verbosity=0)
signals.payment_success.connect(lambda **_: print("signal: paid"), weak=False)
signals.payment_failed.connect(lambda **_: print("signal: failed"), weak=False)

result = pay(phone="254711000111", amount=350, backend="mpesa", reference="ORDER42")
print(f"pay() returns: {result['status']}, {result['message']}")
create_transaction("mpesa", "254711000111", 350, "KES", "ORDER42", result)
print("the row before any callback:", MobileTransaction.objects.get().status)
cancelled = {"Body": {"stkCallback": {
    "MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": CHECKOUT,
    "ResultCode": 1032, "ResultDesc": "Request Cancelled by user."}}}
request = RequestFactory().post("/paid", json.dumps(cancelled), content_type="application/json;charset=UTF-8")
WebhookView.as_view(backend_id="mpesa")(request)
print("the row after the customer cancelled:", MobileTransaction.objects.get().status)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
