#!/usr/bin/env bash
# Finding: Four clients push again by themselves after the gateway answered 504.
#
# Package: mpesa-wrapper 1.0.0, pydaraja 0.3.7, singularity-payments 1.0.1, mainfinity-django-mpesa 0.1.1 (PyPI),
#   Python 3.11; a stub of Daraja on 127.0.0.1 takes every push and answers the first with 504. The first two have a
#   setting for the address; in the others the constant with the sandbox's address is replaced.
# Date: 2026-11-29
# Behaviour: They repeat the push and hand the second answer to the caller, who sees one push that succeeded.
# Documented: A push has no idempotency, and two equal ones are two prompts. After a 504 the outcome is unknown.
# For a merchant: The customer is asked twice, and may pay twice; the callback of the first payment carries an
#   identifier that the shop never saw.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-wrapper: pushes taken 2, told 2
#   | pydaraja: pushes taken 2, told 2
#   | singularity-payments: pushes taken 2, told 2
#   | mainfinity-django-mpesa: pushes taken 2, told 2

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-wrapper==1.0.0 pydaraja==0.3.7 singularity-payments==1.0.1 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 pydantic==2.14.3 pydantic_core==2.50.4 \
  annotated-types==0.8.0 typing-inspection==0.4.5 typing_extensions==4.16.0 tenacity==9.2.1 \
  python-dotenv==1.2.1 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 httpx==0.28.1 httpcore==1.0.9 \
  h11==0.16.0 anyio==4.16.0 mainfinity-django-mpesa==0.1.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 pytz==2026.6 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import asyncio
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from django.conf import settings

settings.configure(MPESA={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "174379"})
from django_mpesa.client.base import BaseDarajaClient
from django_mpesa.conf import BASE_URLS
from mpesa_wrapper import MpesaClient as Wrapper
from pydaraja import MpesaPaymentGateway
from singularity_payments.client.mpesa_client import MpesaClient as Singularity
from singularity_payments.types.config import MpesaConfig
from singularity_payments.types.mpesa import STKPushRequest
from singularity_payments.utils import auth

taken = []


class Stub(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer(200, {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        taken.append(f"ws_CO_07102026143503{len(taken) + 1}711000111")
        if len(taken) == 1:
            self.answer(504, {"fault": {"faultstring": "Gateway Timeout",
                                        "detail": {"errorcode": "messaging.adaptors.http.flow.GatewayTimeout"}}})
        else:
            self.answer(200, {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
                              "CheckoutRequestID": taken[-1], "ResponseCode": "0",
                              "ResponseDescription": "Success. Request accepted for processing",
                              "CustomerMessage": "Success. Request accepted for processing"})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_port}"
URL = "https://shop.example.co.ke/stk"


def wrapper():
    client = Wrapper({"consumer_key": "key", "consumer_secret": "secret", "environment": "sandbox",
                      "shortcode": "174379", "passkey": "passkey", "callback_url": URL, "base_url": host,
                      "auth_url": host + "/oauth/v1/generate?grant_type=client_credentials"})
    return client.stk_push(phone_number="254711000111", amount=350, account_reference="ORDER42", transaction_desc="x")


def pydaraja():
    client = MpesaPaymentGateway("key", "secret", "174379", "passkey", host)
    return client.trigger_stk_push("254711000111", 350, URL, "ORDER42", "Order 42").text


def singularity():
    for name, value in vars(auth).items():
        if isinstance(value, dict) and "sandbox" in value:
            value["sandbox"] = host
    client = Singularity(MpesaConfig(consumer_key="key", consumer_secret="secret", passkey="passkey",
                                     short_code="174379", environment="sandbox", callback_url=URL))
    request = STKPushRequest(amount=350, phone_number="254711000111", account_reference="ORDER42",
                             transaction_desc="Order 42")
    return asyncio.run(client.stk_push(request))


def mainfinity():
    BASE_URLS["sandbox"] = host
    return BaseDarajaClient().post("/mpesa/stkpush/v1/processrequest", {"Amount": 350, "PhoneNumber": "254711000111"})


for name, push in (("mpesa-wrapper", wrapper), ("pydaraja", pydaraja), ("singularity-payments", singularity),
                   ("mainfinity-django-mpesa", mainfinity)):
    taken.clear()
    told = re.search("ws_CO_[0-9]+", str(push()))[0]
    print(f"{name}: pushes taken {len(taken)}, told {taken.index(told) + 1}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
