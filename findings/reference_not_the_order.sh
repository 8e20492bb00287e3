#!/usr/bin/env bash
# Finding: Four clients push without the number of the order: it is no argument, and AccountReference is something else.
#
# Package: daraja-py 1.0.1, daraja-client 0.1.3, daraja 0.0.4, python-mpesawrapper 1.0.4 (PyPI), Python 3.11; what they
#   would send is noted, and answered as Daraja answers. The clock of the last one stands still.
# Date: 2026-11-30
# Behaviour: daraja-py sends one word of its author's tests, and "Pay for internet"; daraja-client the short code;
#   daraja what its settings file says; python-mpesawrapper the time in seconds, which two orders can share.
# Documented: AccountReference is mandatory, and shown on the prompt and in the SMS. No callback has it.
# For a merchant: Customers read what they did not order, before they type their PIN and in the SMS they keep: they
#   refuse, and a claim with that SMS names no order. Two orders of one phone and amount cannot be told apart by it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | daraja-py: the same for both orders, "Pay for internet"
#   | daraja-client: the same for both orders (the short code), "MPESA ONLINE PAYMENT"
#   | daraja: the same for both orders (the settings), "Shopping"
#   | python-mpesawrapper: the same for both orders (the time), "Lipa na Mpesa STK"

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps daraja-py==1.0.1 daraja-client==0.1.3 \
  daraja==0.0.4 python-mpesawrapper==1.0.4 pycryptodome==4.4.0 python-decouple==3.8 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
cd "$folder"
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import asyncio
import contextlib
import datetime
import io
import json
import os
import types
import urllib.request

import requests

BODIES = []
ACCEPTED = {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599", "MerchantRequestID": "6a1d-1",
            "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0"}
os.environ |= {
    "ConsumerKey": "key", "ConsumerSecret": "secret", "BusinessShortCode": "174379", "LipaNaMpesaPasskey": "passkey",
    "C2B_SHORTCODE": "600992", "MSISDN": "254711000111", "consumer_key": "key", "consumer_secret": "secret",
    "MEShortcode": "174379", "MEpasskey": "passkey", "MECallBackURL": "https://shop.example.co.ke/stk",
}


def noted(self, request, **_):
    if request.body:
        BODIES.append(json.loads(request.body))
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps(ACCEPTED).encode()
    return answer


def opened(request, **_):
    if request.data:
        BODIES.append(json.loads(request.data))
    return io.BytesIO(json.dumps(ACCEPTED).encode())


requests.adapters.HTTPAdapter.send = noted
urllib.request.urlopen = opened
CALLBACK = "https://shop.example.co.ke/stk"
HOST = "https://sandbox.safaricom.co.ke"


def daraja_py(phone, amount):
    from darajapy import lipanampesa

    lipanampesa.lipa_na_mpesa(phone, amount, "174379", CALLBACK)


def daraja_client(phone, amount):
    from daraja_client.core import DarajaClient

    token = f"{HOST}/oauth/v1/generate?grant_type=client_credentials"
    client = DarajaClient(token, "key", "secret", "passkey", "174379", phone, CALLBACK, amount)
    client.send_stk_push(f"{HOST}/mpesa/stkpush/v1/processrequest")


def daraja(phone, amount):
    import daraja as package

    settings = {"consumerKey": "key", "consumerSecret": "secret", "passKey": "passkey", "shortCode": "174379",
                "tillNumber": "174379", "callbackUrl": CALLBACK, "transactionType": "CustomerPayBillOnline",
                "accountReference": "SHOP", "transactionDescription": "Shopping"}
    with open("settings.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    asyncio.run(package.Mpesa("settings.json", "dev").stk(phone, amount))


def python_mpesawrapper(phone, amount):
    from python_mpesawrapper import mpesaExpress

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime(2026, 10, 7, 14, 35, 18)

    mpesaExpress.datetime = types.SimpleNamespace(datetime=Clock)
    mpesaExpress.MpesaExpressHandler.handle(mobile_number=phone, amount=amount)


KNOWN = {"174379": " (the short code)", "SHOP": " (the settings)", "261007143518": " (the time)"}
for push in (daraja_py, daraja_client, daraja, python_mpesawrapper):
    BODIES.clear()
    with contextlib.redirect_stdout(io.StringIO()):
        push("254711000111", "350")  # order 1001
        push("254722000222", "90")  # order 1002
    first, second = BODIES
    same = "the same for both orders" if first["AccountReference"] == second["AccountReference"] else "different"
    about = KNOWN.get(first["AccountReference"], "")
    print(f'{push.__name__.replace("_", "-")}: {same}{about}, "{second["TransactionDesc"]}"')
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
