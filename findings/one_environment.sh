#!/usr/bin/env bash
# Finding: As they come, six clients reach one environment only: four no production, one no sandbox, and one asks the
#   sandbox for the token of production.
#
# Package: mpesa-stk 0.1.0, python-daraja 1.2.4, daraja-py 1.0.1, pympesa 1.0.1, mpesarest 0.0.9, python-mpesawrapper
#   1.0.4 (PyPI), Python 3.11; what they would send is noted, and answered as Daraja answers.
# Date: 2026-11-30
# Behaviour: mpesa-stk, python-daraja and daraja-py have the sandbox in their code, and no setting. pympesa takes
#   "production", its default; two addresses are read from variables that its page does not name, all others are empty.
#   mpesarest takes "production" for the push, and asks the sandbox for the token. python-mpesawrapper has one host, that
#   of production, for both values of its switch.
# Documented: The sandbox is sandbox.safaricom.co.ke, production api.safaricom.co.ke; keys and tokens belong to one.
# For a merchant: The shop passes every test, and on the day of the launch all prompts fail, or come from the sandbox
#   and move no money. With the last one the first trial of a developer asks a customer for real money.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-stk, no setting: token of sandbox, push to sandbox
#   | python-daraja, no setting: token of sandbox, push to sandbox
#   | daraja-py, no setting: token of sandbox, push to sandbox
#   | pympesa, sandbox: token of sandbox, push to sandbox
#   | pympesa, production: MissingSchema for the token, MissingSchema for the push, address of a payout ""
#   | mpesarest, sandbox: token of sandbox, push to sandbox
#   | mpesarest, production: token of sandbox, push to api
#   | python-mpesawrapper, no setting: token of api, push to api

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mpesa-stk==0.1.0 python-daraja==1.2.4 \
  daraja-py==1.0.1 pympesa==1.0.1 mpesarest==0.0.9 python-mpesawrapper==1.0.4 pycryptodome==4.4.0 python-decouple==3.8 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
cd "$folder"
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import contextlib
import io
import json
import os
import urllib.parse

import requests

asked = {}
os.environ |= {
    "ConsumerKey": "key", "ConsumerSecret": "secret", "BusinessShortCode": "174379", "LipaNaMpesaPasskey": "passkey",
    "C2B_SHORTCODE": "600992", "MSISDN": "254711000111", "consumer_key": "key", "consumer_secret": "secret",
    "MEShortcode": "174379", "MEpasskey": "passkey", "MECallBackURL": "https://shop.example.co.ke/stk",
}
CALLBACK = "https://shop.example.co.ke/stk"
PHONE = "254711000111"


def noted(self, request, **_):
    address = urllib.parse.urlsplit(request.url)
    asked["push" if "stkpush" in address.path else "token"] = address.hostname.partition(".")[0]
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps({
        "access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599", "MerchantRequestID": "6a1d-1",
        "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0", "ResponseDescription": "Success",
        "CustomerMessage": "Success"}).encode()
    return answer


requests.adapters.HTTPAdapter.send = noted


def mpesa_stk():
    from mpesa_stk import MpesaSTK

    MpesaSTK("key", "secret", "174379", "passkey", CALLBACK).lipa_na_mpesa_online(PHONE, 350, "ORDER42", "Shirt")


def python_daraja():
    from python_daraja import payment

    payment.CONSUMER_KEY, payment.CONSUMER_SECRET, payment.PASSKEY = "key", "secret", "passkey"
    payment.SHORT_CODE, payment.ACCOUNT_TYPE = "174379", "PAYBILL"
    payment.trigger_stk_push(254711000111, 350, CALLBACK, "ORDER42", "Shirt")


def daraja_py():
    from darajapy import lipanampesa

    lipanampesa.lipa_na_mpesa(PHONE, 350, "174379", CALLBACK)


def pympesa(environment):
    import pympesa as package

    def attempt(name, call):
        try:
            call()
        except requests.RequestException as error:
            asked[name] = f"{type(error).__name__} for the {name}"

    attempt("token", lambda: package.oauth_generate_token("key", "secret", env=environment))
    attempt("push", lambda: package.Pympesa("token", environment).lipa_na_mpesa_online_payment(
        BusinessShortCode="174379", Password="password", Timestamp="20261007143518", Amount="350", PartyA=PHONE,
        PartyB="174379", PhoneNumber=PHONE, CallBackURL=CALLBACK, AccountReference="ORDER42", TransactionDesc="Shirt"))
    if environment == "production":
        asked["push"] += f', address of a payout "{package.URL[environment]["v1"]["b2c_payment_request"]}"'


def mpesarest(environment):
    from MpesaRest import Mpesa

    shop = Mpesa("key", "secret", 174379, PHONE, "passkey", CALLBACK, "174379", "ORDER42", environment)
    shop.prompt_payment_for_service({"phone": PHONE, "amount": 350, "description": "Shirt"})


def python_mpesawrapper():
    from python_mpesawrapper.mpesaExpress import MpesaExpressHandler

    MpesaExpressHandler.handle(mobile_number=PHONE, amount=350)


for push, settings in ((mpesa_stk, ()), (python_daraja, ()), (daraja_py, ()), (pympesa, ("sandbox", "production")),
                       (mpesarest, ("sandbox", "production")), (python_mpesawrapper, ())):
    for setting in settings or (None,):
        asked.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            push(setting) if setting else push()
        token = asked["token"] if " " in asked["token"] else f"token of {asked['token']}"
        to = asked["push"] if " " in asked["push"] else f"push to {asked['push']}"
        print(f"{push.__name__.replace('_', '-')}, {setting or 'no setting'}: {token}, {to}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
