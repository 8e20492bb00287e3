#!/usr/bin/env bash
# Finding: Three clients send their payouts to B2C v3 without the id that v3 requires.
#
# Package: safcom 0.1.0, umojasdk 0.1.1, mpesa-mcp 0.4.6 (PyPI), Python 3.11; what they would send is noted, and
#   answered as Daraja answers a body without the id. FastMCP and Africa's Talking are replaced by empty modules.
# Date: 2026-11-30
# Behaviour: The payout goes to /mpesa/b2c/v3/paymentrequest, and its body has no OriginatorConversationID. None of the
#   three takes one as an argument.
# Documented: On v3 OriginatorConversationID is mandatory: an id of the merchant's own, unique for each payout. It is
#   what keeps a repeated request from paying twice.
# For a merchant: No payout goes out. Were one accepted, a request whose answer is lost could not be repeated safely.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | safcom: /mpesa/b2c/v3/paymentrequest, 10 keys, OriginatorConversationID None, an argument for it False
#   | umojasdk: /mpesa/b2c/v3/paymentrequest, 10 keys, OriginatorConversationID None, an argument for it False
#   | mpesa-mcp: /mpesa/b2c/v3/paymentrequest, 10 keys, OriginatorConversationID None, an argument for it False

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps safcom==0.1.0 umojasdk==0.1.1 mpesa-mcp==0.4.6 \
  httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 typing_extensions==4.16.0 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import contextlib
import inspect
import json
import logging
import os
import sys
import types
import urllib.parse

import httpx
import requests

os.environ |= {"MPESA_SANDBOX": "true", "MPESA_CONSUMER_KEY": "key", "MPESA_CONSUMER_SECRET": "secret",
               "MPESA_SHORTCODE": "600992", "MPESA_PASSKEY": "passkey", "MPESA_INITIATOR_NAME": "testapi",
               "MPESA_SECURITY_CREDENTIAL": "credential", "MPESA_CALLBACK_URL": "https://shop.example.co.ke/result"}
sys.modules["africastalking"] = types.ModuleType("africastalking")
sys.modules["fastmcp"] = types.ModuleType("fastmcp")
sys.modules["fastmcp"].FastMCP = type(
    "FastMCP", (), {"__init__": lambda *_, **__: None, "tool": lambda *_, **__: lambda tool: tool})
logging.disable()
sent = []
TOKEN = {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"}
REFUSED = {"requestId": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "errorCode": "400.002.02",
           "errorMessage": "Bad Request - Invalid OriginatorConversationID"}


def answer(method, url, body):
    if method == "GET":
        return 200, TOKEN
    sent.append((urllib.parse.urlsplit(str(url)).path, json.loads(body)))
    return 400, REFUSED


def by_requests(self, request, **_):
    made = requests.Response()
    made.status_code, body = answer(request.method, request.url, request.body)
    made._content = json.dumps(body).encode()
    return made


def by_httpx(self, request):
    status, body = answer(request.method, request.url, request.read())
    return httpx.Response(status, json=body, request=request)


requests.adapters.HTTPAdapter.send = by_requests
httpx.HTTPTransport.handle_request = by_httpx


def safcom():
    from safcom import Mpesa

    client = Mpesa(consumer_key="key", consumer_secret="secret", passkey="passkey", shortcode="600992")
    client.set_callback_url("https://shop.example.co.ke/result")
    client.b2c(phone="254711000111", amount=250, remarks="Refund", security_credential="credential")
    return client.b2c


def umojasdk():
    from umojasdk import B2CRequest, MpesaConfig, UmojaMpesa

    client = UmojaMpesa(MpesaConfig("key", "secret", "600992", "passkey", "https://shop.example.co.ke/stk"))
    client.b2c(B2CRequest(
        phone="254711000111", amount=250, command_id="BusinessPayment", remarks="Refund", initiator_name="testapi",
        security_credential="credential", result_url="https://shop.example.co.ke/result",
        timeout_url="https://shop.example.co.ke/timeout"))
    return B2CRequest


def mpesa_mcp():
    from mpesa_mcp import server

    with contextlib.suppress(requests.HTTPError):
        server.mpesa_b2c("254711000111", 250)
    return server.mpesa_b2c


for pay in (safcom, umojasdk, mpesa_mcp):
    takes = inspect.signature(pay()).parameters
    path, body = sent[-1]
    print(f"{pay.__name__.replace('_', '-')}: {path}, {len(body)} keys, OriginatorConversationID",
          f"{body.get('OriginatorConversationID')}, an argument for it {any('originator' in name for name in takes)}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
