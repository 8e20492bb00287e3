#!/usr/bin/env bash
# Finding: py-mpesa-daraja-api sends the calls of one shop with the token of another one in the same process.
#
# Package: py-mpesa-daraja-api 0.0.1 (PyPI), Python 3.11; a stub of Daraja on 127.0.0.1 in the place of its two hosts,
#   and a clock that the script moves.
# Date: 2026-11-29
# Behaviour: Token and expiry belong to the class, not to the client. A second client, with other keys or of the other
#   environment, fetches none and takes the first one's. When it runs out, the client that notices renews it for itself;
#   the others keep their old header for an hour.
# Documented: A token belongs to the app whose key and secret asked for it, and to its environment; a foreign one is
#   refused with 404.001.03.
# For a merchant: A platform with two pay bills, or a process that also tests in the sandbox, cannot take a payment for
#   the second; which one it is changes each hour.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | shop A, keys of A: sent with token 1, asked for by A in sandbox
#   | shop B, keys of B: sent with token 1, asked for by A in sandbox
#   | shop A in production: sent with token 1, asked for by A in sandbox
#   | an hour later
#   | shop B, keys of B: sent with token 2, asked for by B in sandbox
#   | shop A, keys of A: sent with token 1, asked for by A in sandbox

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps py-mpesa-daraja-api==0.0.1 \
  annotated-types==0.8.0 pydantic==2.14.4 pydantic_core==2.50.5 typing-inspection==0.4.5 typing_extensions==4.16.0 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import base64
import datetime
import http.server
import json
import threading

import requests
from py_mpesa_daraja_api import mpesa as module

tokens = {}
used = []


class Stub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        key = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")[0]
        token = f"token {len(tokens) + 1}"
        tokens[token] = f"{key} in {self.path.split('/')[1]}"
        self.answer({"access_token": token, "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        used.append(self.headers["Authorization"].removeprefix("Bearer "))
        self.answer({"MerchantRequestID": "6a1d-1", "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0"})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
stub = f"http://127.0.0.1:{server.server_port}"
send = requests.Session.request


def redirected(self, method, url, **more):
    for name, host in (("sandbox", "https://sandbox.safaricom.co.ke"), ("production", "https://api.safaricom.co.ke")):
        url = url.replace(host, f"{stub}/{name}")
    return send(self, method, url, **more)


requests.Session.request = redirected


class Clock(datetime.datetime):
    later = datetime.timedelta()

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.now(tz) + cls.later


module.datetime = Clock
order = {"Password": "password", "Amount": 350, "PartyA": "254711000111", "PhoneNumber": "254711000111",
         "CallBackURL": "https://shop.example.co.ke/stk", "AccountReference": "ORDER42", "TransactionDesc": "Shirt"}


def push(name, client, code):
    client.lipa_na_mpesa_online_payment({**order, "BusinessShortCode": code, "PartyB": code})
    print(f"{name}: sent with {used[-1]}, asked for by {tokens[used[-1]]}")


first = module.Mpesa("A", "secret", "sandbox")
push("shop A, keys of A", first, "174379")
second = module.Mpesa("B", "secret", "sandbox")
push("shop B, keys of B", second, "600992")
push("shop A in production", module.Mpesa("A", "secret", "production"), "174379")
Clock.later = datetime.timedelta(minutes=61)
print("an hour later")
push("shop B, keys of B", second, "600992")
push("shop A, keys of A", first, "174379")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
