#!/usr/bin/env bash
# Finding: Three clients give Daraja one address for the result of a payout and for its queue time-out, and no choice.
#
# Package: django-daraja 1.3.0 with Django 5.2.19, safcom 0.1.0 (PyPI), mpesapay 3.2.6 (npm), Python 3.11, Node 18 or
#   newer; what they would send is noted, and answered as Daraja answers.
# Date: 2026-11-30
# Behaviour: One URL is taken, and sent as ResultURL and as QueueTimeOutURL. safcom takes it from the settings of the
#   push, so that callbacks of pushes come there too; mpesapay does the same with status and balance.
# Documented: QueueTimeOutURL is called when the request waited too long. It is no final state: the payout can still be
#   made, and its result comes to ResultURL.
# For a merchant: A handler that reads each message as the end of the payout books the time-out as failed, and the
#   customer is paid again; the two can only be told apart by what is in the body.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | django-daraja, payout: ResultURL /result, QueueTimeOutURL /result
#   | django-daraja, an argument for the time-out: False
#   | safcom, push: CallBackURL /stk
#   | safcom, payout: ResultURL /stk, QueueTimeOutURL /stk
#   | safcom, an argument for the time-out: False
#   | mpesapay, payout: ResultURL /result, QueueTimeOutURL /result
#   | mpesapay, an argument more: false
#   | mpesapay, status: ResultURL /result, QueueTimeOutURL /result
#   | mpesapay, an argument more: false
#   | mpesapay, balance: ResultURL /result, QueueTimeOutURL /result
#   | mpesapay, an argument more: false

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps django-daraja==1.3.0 Django==5.2.19 \
  asgiref==3.13.0 sqlparse==0.6.1 python-decouple==3.8 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 safcom==0.1.0 \
  httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 typing_extensions==4.16.0 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesapay@3.2.6 axios@1.13.2 >&2 || exit 2
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import inspect
import json

import django
import httpx
import requests
from django.conf import settings

settings.configure(
    USE_TZ=True, INSTALLED_APPS=["django_daraja"], DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MPESA_ENVIRONMENT="sandbox", MPESA_PASSKEY="passkey", MPESA_EXPRESS_SHORTCODE="174379", MPESA_SHORTCODE="600992",
    MPESA_INITIATOR_USERNAME="testapi", MPESA_INITIATOR_SECURITY_CREDENTIAL="password",
)
django.setup()
from django_daraja.mpesa import core
from safcom import Mpesa

sent = []
ANSWER = {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599", "ResponseCode": "0"}


def by_requests(self, request, **_):
    sent.append(json.loads(request.body))
    made = requests.Response()
    made.status_code, made._content = 200, json.dumps(ANSWER).encode()
    return made


def by_httpx(self, request):
    if request.method == "POST":
        sent.append(json.loads(request.read()))
    return httpx.Response(200, json=ANSWER, request=request)


requests.adapters.HTTPAdapter.send = by_requests
httpx.HTTPTransport.handle_request = by_httpx
core.mpesa_access_token = lambda: "token"
core.encrypt_security_credential = lambda password: "encrypted"
HOST = "https://shop.example.co.ke"


def urls():
    body = sent[-1]
    names = [name for name in ("CallBackURL", "ResultURL", "QueueTimeOutURL") if name in body]
    return ", ".join(f"{name} {body[name].removeprefix(HOST)}" for name in names)


def takes_it(call):
    return any("timeout" in name or "time_out" in name for name in inspect.signature(call).parameters)


client = core.MpesaClient()
client.business_payment("254711000111", 250, "Refund", f"{HOST}/result", "Order 42")
print("django-daraja, payout:", urls())
print("django-daraja, an argument for the time-out:", takes_it(client.business_payment))
shop = Mpesa(consumer_key="key", consumer_secret="secret", passkey="passkey", shortcode="600992")
shop.set_callback_url(f"{HOST}/stk")
shop.stk_push("254711000111", 350, "ORDER42")
print("safcom, push:", urls())
shop.b2c("254711000111", 250, "Refund", security_credential="credential")
print("safcom, payout:", urls())
print("safcom, an argument for the time-out:", takes_it(shop.b2c))
PYTHON
cat >"$folder/pay.mjs" <<'JAVASCRIPT'
import axios from 'axios'
import MpesaPay from 'mpesapay'

let body
axios.get = async () => ({ data: { access_token: 'token' } })
axios.post = async (_, sent) => { body = sent; return { data: { ResponseCode: '0' } } }
const host = 'https://shop.example.co.ke'
const shop = new MpesaPay('key', 'secret', '174379', 'passkey', 'ORDER42', 'Shirt', '600992', 'credential', 'testapi')
const calls = { payout: ['business2Customer', 250, '254711000111', 'Refund', `${host}/result`],
  status: ['transactionStatus', 'UJ7K4T9QWX', `${host}/result`], balance: ['accountBalance', `${host}/result`] }
for (const [name, [method, ...given]] of Object.entries(calls)) {
  await shop[method](...given)
  const urls = ['ResultURL', 'QueueTimeOutURL'].map((key) => `${key} ${body[key].replace(host, '')}`)
  console.log(`mpesapay, ${name}: ${urls.join(', ')}`)
  console.log('mpesapay, an argument more:', shop[method].length > given.length)
}
JAVASCRIPT
node "$folder/pay.mjs" >>"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
