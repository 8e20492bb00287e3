#!/usr/bin/env bash
# Finding: A customer who cancels the prompt and tries again gets no second prompt for a day.
#
# Package: daraja-sdk-py 2.0.0 (PyPI), Python 3.11, as it is configured by default; a stub of Daraja on 127.0.0.1,
#   put into the constant with the sandbox's address.
# Date: 2026-11-29
# Behaviour: The answer of a push is kept for 24 hours by its fields without Timestamp and Password. A second push
#   with the same order, phone and amount is answered from memory: the same CheckoutRequestID, and no call.
# Documented: Daraja makes two payments of two equal pushes. The cache is not mentioned on the package's page.
# For a merchant: The second try of an order whose first prompt was cancelled or timed out waits for a payment that
#   has ended; the shop has to change the reference for each try.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | first try: pushes at Daraja 1
#   | second try: pushes at Daraja 1, the same CheckoutRequestID True
#   | with another reference: pushes at Daraja 2

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 cffi==2.1.1 \
  cryptography==50.0.2 daraja-sdk-py==2.0.0 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 \
  idna==3.20 opentelemetry-api==1.45.2 pycparser==3.12 pydantic==2.14.3 \
  pydantic_core==2.50.4 typing-inspection==0.4.5 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import daraja.environment
from daraja import Mpesa, MpesaConfig

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
        pushes.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"MerchantRequestID": f"6a1d-4f02-b7c8-2e9d40f1a35c{len(pushes)}",
                     "CheckoutRequestID": f"ws_CO_07102026143503{len(pushes)}711000111", "ResponseCode": "0",
                     "ResponseDescription": "Success. Request accepted for processing",
                     "CustomerMessage": "Success. Request accepted for processing"})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
daraja.environment.SANDBOX_BASE_URL = f"http://127.0.0.1:{server.server_port}"
client = Mpesa(MpesaConfig(consumer_key="key", consumer_secret="secret", environment="sandbox", shortcode="174379",
                           passkey="passkey", initiator_name="testapi", security_credential="credential"))


def push(reference):
    return client.stk_push({
        "BusinessShortCode": 174379, "TransactionType": "CustomerPayBillOnline", "Amount": 350,
        "PartyA": 254711000111, "PartyB": 174379, "PhoneNumber": 254711000111,
        "CallBackURL": "https://shop.example.co.ke/stk", "AccountReference": reference, "TransactionDesc": "Order 42"})


first = push("ORDER42")
print("first try: pushes at Daraja", len(pushes))
second = push("ORDER42")
same = dict(first)["CheckoutRequestID"] == dict(second)["CheckoutRequestID"]
print(f"second try: pushes at Daraja {len(pushes)}, the same CheckoutRequestID {same}")
push("ORDER42-2")
print("with another reference: pushes at Daraja", len(pushes))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
