#!/usr/bin/env bash
# Finding: Three clients use the token of their first hour for ever; two fetch a new one each hour and do not use it.
#
# Package: pesa-gateway 0.0.16, python-mpesa-daraja 1.0.0.post1, astrapay 0.1.0 (PyPI), Python 3.11; a stub of Daraja on
#   127.0.0.1 in the place of the sandbox, and a clock that the script moves.
# Date: 2026-11-29
# Behaviour: All fetch a token when the client is made. astrapay asks for no other. The other two do, after an hour, and
#   keep it in an attribute; the header that is sent has the first one.
# Documented: A token lives 3600 seconds. Their pages make the client once.
# For a merchant: The shop works for an hour after each start, and no push after that.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | pesa-gateway at once: token-1 accepted, tokens fetched 1
#   | pesa-gateway after 61 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 2
#   | pesa-gateway after 122 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 3
#   | python-mpesa-daraja at once: token-1 accepted, tokens fetched 1
#   | python-mpesa-daraja after 61 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 2
#   | python-mpesa-daraja after 122 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 3
#   | astrapay at once: token-1 accepted, tokens fetched 1
#   | astrapay after 61 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 1
#   | astrapay after 122 minutes: token-1 404.001.03 Invalid Access Token, tokens fetched 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pesa-gateway==0.0.16 astrapay==0.1.0 \
  python-mpesa-daraja==1.0.0.post1 phonenumbers==9.0.43 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import http.server
import json
import threading
import time

import requests

now = began = time.time()
tokens = {}
used = []


class Stub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        token = f"token-{len(tokens) + 1}"
        tokens[token] = now + 3600
        self.answer(200, {"access_token": token, "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers["Authorization"].removeprefix("Bearer ")
        used.append(token)
        if tokens[token] < now:
            self.answer(404, {"requestId": "", "errorCode": "404.001.03", "errorMessage": "Invalid Access Token"})
        else:
            self.answer(200, {"MerchantRequestID": "6a1d-1", "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0"})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
stub = f"http://127.0.0.1:{server.server_port}"
send = requests.Session.request
requests.Session.request = lambda self, method, url, **more: send(
    self, method, url.replace("https://sandbox.safaricom.co.ke", stub), **more)
time.time = lambda: now


def pesa_gateway():
    from mpesa.client import MpesaClient
    from mpesa.config import MpesaConfig

    client = MpesaClient(MpesaConfig("key", "secret", "174379", "passkey", "https://shop.example.co.ke/stk"))
    order = {"shortcode_type": "paybill", "amount": 350, "phone_number": "254711000111",
             "account_reference": "ORDER42", "transaction_description": "Shirt"}
    return lambda: client.stk_push_request(order)["response"]


def python_mpesa_daraja():
    from python_mpesa import MpesaGateway, PaymentError

    client = MpesaGateway("174379", "key", "secret", "passkey", f"{stub}/oauth/v1/generate", f"{stub}/mpesa/stkpush/v1/processrequest")

    def push():
        try:
            return client.stk_push("254711000111", 350, "ORDER42", "CustomerPayBillOnline", "Shirt", "https://shop.example.co.ke/stk")
        except PaymentError as error:
            return error.__cause__.response.json()

    return push


def astrapay():
    from astrapay import AstraMpesa

    client = AstraMpesa("key", "secret", "174379", "passkey", "https://shop.example.co.ke/stk")

    def push():
        answer = client.pay("254711000111", 350)
        return json.loads(answer["response"]) if "response" in answer else answer

    return push


for name, made in (("pesa-gateway", pesa_gateway), ("python-mpesa-daraja", python_mpesa_daraja), ("astrapay", astrapay)):
    tokens.clear()
    now = began
    push = made()
    for minutes in (0, 61, 122):
        now = began + minutes * 60
        answer = push()
        said = "accepted" if answer.get("ResponseCode") == "0" else f"{answer['errorCode']} {answer['errorMessage']}"
        moment = f"after {minutes} minutes" if minutes else "at once"
        print(f"{name} {moment}: {used[-1]} {said}, tokens fetched {len(tokens)}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
