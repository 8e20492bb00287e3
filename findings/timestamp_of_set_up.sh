#!/usr/bin/env bash
# Finding: Three clients send every push with the Timestamp and the Password of their set-up or their start.
#
# Package: DjangoMpesa 2.2, pesa-gateway 0.0.16 (PyPI), Python 3.11; mpesapay 3.2.6 with axios 1.13.2 (npm), Node 18 or
#   newer. DjangoMpesa calls a stub of Daraja on 127.0.0.1, whose address is a row of its own settings; the others'
#   functions that send are replaced by recorders.
# Date: 2026-11-29
# Behaviour: DjangoMpesa has Timestamp, Password and PartyA in columns of its settings; only amount and PhoneNumber come
#   from the order. pesa-gateway makes Timestamp and Password when the client is made, mpesapay when it is imported (in
#   UTC).
# Documented: The Timestamp is the time of the transaction, and the Password is made from it. PartyA is the number that
#   sends the money.
# For a merchant: A push works only as long as nobody compares the time, and all pushes of weeks share one Password.
#   With DjangoMpesa the payer named is not the one who is asked to pay.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | DjangoMpesa: different Timestamps 1, Passwords 1, PartyA 1, PhoneNumber 3; the Timestamp is not of today
#   | pesa-gateway: different Timestamps 1, Passwords 1, PhoneNumber 3
#   | mpesapay: different Timestamps 1, Passwords 1, PhoneNumber 3

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
import time
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


for number in range(3):
    pay(f"order {number}", f"071100011{number}")
    time.sleep(1.1)
counts = [f"{name} {len({push[key] for push in pushes})}" for name, key in (
    ("Timestamps", "Timestamp"), ("Passwords", "Password"), ("PartyA", "PartyA"), ("PhoneNumber", "PhoneNumber"))]
old = pushes[-1]["Timestamp"][:8] != time.strftime("%Y%m%d")
print(f"DjangoMpesa: different {', '.join(counts)}; the Timestamp is {'not ' if old else ''}of today")
PYTHON
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pesa-gateway==0.0.16 >&2 || exit 2
"$folder/env/bin/python" - >>"$folder/seen" <<'PYTHON'
import time

from mpesa import client as module
from mpesa.config import MpesaConfig

pushes = []


def keep(method, url, **more):
    pushes.append(more.get("json"))
    return {"status_code": 200, "response": {"access_token": "token", "ResponseCode": "0"}}


module.Utility.make_request = keep
client = module.MpesaClient(MpesaConfig("key", "secret", "174379", "passkey", "https://shop.example.co.ke/stk"))
pushes.clear()
for number in range(3):
    client.stk_push_request({"shortcode_type": "paybill", "amount": 350, "phone_number": f"25471100011{number}",
                             "account_reference": "ORDER42", "transaction_description": "Shirt"})
    time.sleep(1.1)
counts = [f"{name} {len({push[key] for push in pushes})}" for name, key in (
    ("Timestamps", "Timestamp"), ("Passwords", "Password"), ("PhoneNumber", "PhoneNumber"))]
print("pesa-gateway: different", ", ".join(counts))
PYTHON
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesapay@3.2.6 axios@1.13.2 >&2 || exit 2
cat >"$folder/push.mjs" <<'JAVASCRIPT'
import axios from 'axios'
import MpesaPay from 'mpesapay'

const pushes = []
axios.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.post = async (url, body) => { pushes.push(body); return { data: { ResponseCode: '0' } } }
const client = new MpesaPay('key', 'secret', '174379', 'passkey', 'ORDER42', 'Shirt', '600992', 'credential', 'testapi')
for (const phone of ['254711000110', '254711000111', '254711000112']) {
  await client.stkPush('350', phone, 'https://shop.example.co.ke/stk')
  await new Promise((resolve) => setTimeout(resolve, 1100))
}
const different = (key) => new Set(pushes.map((push) => push[key])).size
console.log(`mpesapay: different Timestamps ${different('Timestamp')}, Passwords ${different('Password')}, PhoneNumber ${different('PhoneNumber')}`)
JAVASCRIPT
node "$folder/push.mjs" >>"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
