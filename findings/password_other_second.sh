#!/usr/bin/env bash
# Finding: Three clients read the clock twice, so now and then the Password is of another second than the Timestamp.
#
# Package: pydaraja 0.3.7 (PyPI), Python 3.11, with an adapter of `requests` that sends nothing and a clock that moves a
#   second at each look; daraja-kit 1.2.0 and mpesa-express 1.0.6 (npm) with axios replaced by a recorder and the same
#   clock.
# Date: 2026-11-29
# Behaviour: One look at the clock goes into the Password, another one into the Timestamp.
# Documented: The Password is the Base64 text of short code, passkey and the very Timestamp that is sent; otherwise the
#   push is refused, 500.001.1001 Wrong credentials.
# For a merchant: Few pushes fail, at the turn of a second and more of them under load, with words that blame the keys.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | pydaraja: Password 1 s apart
#   | daraja-kit: Password 1 s apart
#   | mpesa-express: Password 1 s apart

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps daraja-kit@1.2.0 mpesa-express@1.0.6 axios@1.13.2 >&2 || exit 2
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pydaraja==0.3.7 requests==2.34.2 \
  certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import base64
import datetime
import json
import logging

import pydaraja
import requests

sent = []


class Clock(datetime.datetime):
    looks = 0

    @classmethod
    def now(cls, tz=None):
        cls.looks += 1
        return datetime.datetime(2026, 10, 7, 14, 30, cls.looks)


def noted(self, request, **_):
    if request.body:
        sent.append(json.loads(request.body))
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
inside = int(base64.b64decode(sent[0]["Password"]).decode()[-14:])
print("pydaraja: Password", abs(int(sent[0]["Timestamp"]) - inside), "s apart")
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
