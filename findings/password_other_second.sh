#!/usr/bin/env bash
# Finding: Five clients read the clock twice, so now and then the Password is of another second than the Timestamp.
#
# Package: pydaraja 0.3.7 and python-daraja 1.2.4 (PyPI), Python 3.11, with an adapter of `requests` that sends nothing
#   and a clock that moves a second at each look; singularity-payments 1.0.1 (PyPI), daraja-kit 1.2.0 and mpesa-express
#   1.0.6 (npm) with the same clock and a recorder in the place of what sends.
# Date: 2026-11-30
# Behaviour: One look at the clock goes into the Password, another one into the Timestamp.
# Documented: The Password is the Base64 text of short code, passkey and the very Timestamp that is sent; otherwise the
#   push is refused, 500.001.1001 Wrong credentials.
# For a merchant: Few pushes fail, at the turn of a second and more of them under load, with words that blame the keys.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | pydaraja: Password 1 s apart
#   | python-daraja: Password 1 s apart
#   | singularity-payments: Password 1 s apart
#   | daraja-kit: Password 1 s apart
#   | mpesa-express: Password 1 s apart

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  daraja-kit@1.2.0 mpesa-express@1.0.6 axios@1.13.2 >&2 || exit 2
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pydaraja==0.3.7 python-daraja==1.2.4 \
  singularity-payments==1.0.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 \
  httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 pydantic==2.14.4 pydantic-core==2.50.5 \
  annotated-types==0.8.0 typing-extensions==4.16.0 typing-inspection==0.4.5 tenacity==9.2.1 cryptography==50.0.2 \
  cffi==2.1.1 pycparser==3.12 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import asyncio
import base64
import datetime
import json
import logging
from urllib.parse import parse_qsl

import pydaraja
import python_daraja.payment
import requests
import singularity_payments.utils.auth
from singularity_payments.client.mpesa_client import MpesaClient
from singularity_payments.types.config import MpesaConfig
from singularity_payments.types.mpesa import STKPushRequest

sent = []


class Clock(datetime.datetime):
    looks = 0

    @classmethod
    def now(cls, tz=None):
        cls.looks += 1
        return datetime.datetime(2026, 10, 7, 14, 30, cls.looks)


def noted(self, request, **_):
    if request.body:
        is_json = request.body[:1] in ("{", b"{")
        sent.append(json.loads(request.body) if is_json else dict(parse_qsl(request.body)))
    answer = requests.Response()
    answer.status_code = 200
    answer._content = b'{"access_token": "token", "expires_in": "3599", "ResponseCode": "0"}'
    return answer


requests.adapters.HTTPAdapter.send = noted
logging.disable(logging.CRITICAL)
pydaraja.datetime = Clock
shop = pydaraja.MpesaPaymentGateway(
    consumer_key="key", consumer_secret="secret", business_shortcode="600992", passkey="passkey",
    endpoint="https://sandbox.safaricom.co.ke")
shop.trigger_stk_push("254711000111", 350, "https://shop.example.co.ke/stk")


def tell(name):
    body = sent.pop()
    inside = int(base64.b64decode(body["Password"]).decode()[-14:])
    print(f"{name}: Password {abs(int(body['Timestamp']) - inside)} s apart")


tell("pydaraja")
datetime.datetime = Clock  # this one asks the module
payment = python_daraja.payment
payment.SHORT_CODE, payment.PASSKEY, payment.ACCOUNT_TYPE = "600992", "passkey", "PAYBILL"
payment.trigger_stk_push(254711000111, 350, "https://shop.example.co.ke/stk", "ORDER42", "Order 42")
tell("python-daraja")


async def recorded(self, endpoint, pay_load, **_):
    sent.append(pay_load)
    return {"MerchantRequestID": "1-2-3", "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0",
            "ResponseDescription": "Success", "CustomerMessage": "Success"}


MpesaClient._make_request = recorded
singularity_payments.utils.auth.datetime = Clock
callback = "https://shop.example.co.ke/stk"
client = MpesaClient(MpesaConfig(
    consumer_key="key", consumer_secret="secret", passkey="passkey", short_code="600992", environment="sandbox",
    callback_url=callback))
asyncio.run(client.stk_push(STKPushRequest(
    amount=350, phone_number="254711000111", account_reference="ORDER42", transaction_desc="Order 42",
    callback_url=callback)))
tell("singularity-payments")
PYTHON
ENVIRONMENT=sandbox MPESA_CONSUMER_KEY=key MPESA_CONSUMER_SECRET=secret MPESA_BUSINESS_SHORT_CODE=600992 \
  MPESA_TILL_OR_PAYBILL_NO=600992 MPESA_TRANSACTION_TYPE=CustomerPayBillOnline MPESA_API_PASS_KEY=passkey \
  NODE_PATH="$folder/node_modules" node - >>"$folder/seen" <<'JAVASCRIPT'
const RealDate = Date
let looks = 0
global.Date = class extends RealDate {
  constructor (...given) { super(...(given.length ? given : [2026, 9, 7, 14, 30, ++looks])) }
}
const axios = require('axios')
const sent = []
const answer = { data: { access_token: 'token', expires_in: '3599', ResponseCode: '0' } }
axios.get = async () => answer
axios.post = async (url, body) => { sent.push(body); return answer }
axios.default = axios
const { stkPushRequest } = require('daraja-kit')
const tell = (name, body) => {
  const inside = Buffer.from(body.Password, 'base64').toString().slice(-14)
  console.log(`${name}: Password ${Math.abs(Number(body.Timestamp) - Number(inside))} s apart`)
}
;(async () => {
  await stkPushRequest({ phoneNumber: '254711000111', amount: '350', callbackURL: 'https://shop.example.co.ke/stk',
    transactionDesc: 'Order 42', accountReference: 'ORDER42' })
  tell('daraja-kit', sent.pop())
  const recorder = async (call) => { sent.push(JSON.parse(call.data)); return answer }
  const own = require.resolve('axios', { paths: [require.resolve('mpesa-express')] })
  require(own)
  require.cache[own].exports = Object.assign(recorder, { get: axios.get, defaults: {} })
  const Express = require('mpesa-express')
  const log = console.log
  console.log = () => {}
  const client = new Express({ consumer_key: 'key', consumer_secret: 'secret', passkey: 'passkey',
    BusinessShortCode: 600992, ShortCode: 600992, SecurityCredential: 'credential', Initiator: 'testapi',
    callBackBaseUrl: 'https://shop.example.co.ke' })
  await client.sktPush(350, 254711000111, 'ORDER42', 'Order 42')
  console.log = log
  tell('mpesa-express', sent.pop())
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
