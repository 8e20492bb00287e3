#!/usr/bin/env bash
# Finding: DjangoMpesa answers a push that Daraja accepted with 404.
#
# Package: DjangoMpesa 2.2 (PyPI), Python 3.11; a stub of Daraja on 127.0.0.1, whose address is a row of the package's
#   own settings.
# Date: 2026-11-29
# Behaviour: The first push of an order raises Http404 with the text "Payment Added Successfully". The second one of the
#   same order, which is a second prompt, is answered 200.
# Documented: The push was accepted: ResponseCode 0. Its customer has a prompt on the phone.
# For a merchant: The page says that it failed, the customer pays again, and two payments arrive.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | order 1: pushes accepted 1, answered 404 {"detail":"Payment Added Successfully"}
#   | order 1 again: pushes accepted 2, answered 200 {"message":"Payment Processed Successfully"}

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  DjangoMpesa==2.2 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 djangorestframework==3.16.1 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import contextlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="mpesaApp.urls",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "mpesaApp"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.core.management import call_command
from django.test import Client
from mpesaApp.models import mpesaDetail

call_command("migrate", run_syncdb=True, verbosity=0)
pushes = []


class Stub(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})

    def do_POST(self):
        pushes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
                     "CheckoutRequestID": f"ws_CO_0711202614350{len(pushes)}711000111", "ResponseCode": "0",
                     "ResponseDescription": "Success. Request accepted for processing"})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_port}"
mpesaDetail.objects.create(
    api_url=f"{host}/push", GENERATE_TOKEN_URL=f"{host}/token", consumer_key="key", CONSUMER_SECRET="secret",
    BusinessShortCode="174379", PartyB="174379", PartyA="254711000111", Timestamp="20261107143501",
    Password="MTc0Mzc5cGFzc2tleTIwMjYxMTA3MTQzNTAx", TransactionType="CustomerPayBillOnline",
    CallBackURL="https://shop.example.co.ke/stk", AccountReference="ORDER42", TransactionDesc="Order",
)


def pay(title, phone):
    with contextlib.redirect_stdout(io.StringIO()):
        return Client().post("/", {"title": title, "phone": phone, "amount": 350})


for name in ("order 1", "order 1 again"):
    answer = pay("order 1", "0711000111")
    print(f"{name}: pushes accepted {len(pushes)}, answered {answer.status_code} {answer.content.decode()}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
