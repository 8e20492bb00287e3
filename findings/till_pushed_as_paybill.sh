#!/usr/bin/env bash
# Finding: A till is asked for as a pay bill, and a pay bill as a till, by clients that promise both.
#
# Package: @saverious/daraja 1.1.1, safaricom-mpesa-node 1.0.3 (npm), Node 18 or newer; mpesa-integration 0.1.0 (PyPI),
#   Python 3.11. The functions that send are replaced by recorders.
# Date: 2026-11-30
# Behaviour: The first names its argument payBillOrTillNumber, the second shows a tillAccount on its page; neither has
#   an argument for the type, and both send CustomerPayBillOnline with the till as short code. The third says "Till and
#   Paybill", and sends CustomerBuyGoodsOnline for the configuration that its example calls pay bill.
# Documented: A till is pushed with CustomerBuyGoodsOnline; BusinessShortCode is its store or head office, PartyB the
#   till. A pay bill is pushed with CustomerPayBillOnline, and both are the pay bill.
# For a merchant: The till's push is in no documented form, and no argument mends it. The pay bill's is refused in the
#   sandbox, 400.002.02, until somebody finds the argument.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | @saverious/daraja, a till: CustomerPayBillOnline, BusinessShortCode 9034112, PartyB 9034112
#   | safaricom-mpesa-node, a till: CustomerPayBillOnline, BusinessShortCode 9034112, PartyB 9034112
#   | mpesa-integration, a pay bill: CustomerBuyGoodsOnline, BusinessShortCode 600992, PartyB 600992

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps mpesa-integration==0.1.0 requests==2.34.2 \
  certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @saverious/daraja@1.1.1 safaricom-mpesa-node@1.0.3 >&2 ||
  exit 2
cat >run.js <<'NODE'
const { EventEmitter } = require('node:events')
const https = require('node:https')

function told (name, body) {
  console.log(`${name}, a till: ${body.TransactionType}, BusinessShortCode ${body.BusinessShortCode}, ` +
    `PartyB ${body.PartyB}`)
}

function answer (path, body) {
  if (path.startsWith('/oauth')) return { access_token: 'A'.repeat(28), expires_in: '3599' }
  told('@saverious/daraja', JSON.parse(body))
  return { ResponseCode: '0' }
}

https.request = (options, callback) => {
  const request = new EventEmitter()
  let body = ''
  request.write = (part) => { body += part }
  request.end = () => {
    const response = new EventEmitter()
    callback(response)
    response.emit('data', JSON.stringify(answer(options.path, body)))
    response.emit('end')
  }
  return request
}

const Daraja = require('@saverious/daraja')
const { Mpesa } = require('safaricom-mpesa-node')

async function main () {
  const daraja = new Daraja({ consumer_key: 'key', consumer_secret: 'secret', environment: 'development' })
  await daraja.stkPush({
    sender_phone: '0711000111', payBillOrTillNumber: '9034112', amount: '350',
    callback_url: 'https://shop.example.co.ke/paid', account_reference: 'ORDER42'
  })
  const mpesa = new Mpesa({
    name: 'till-account', consumerKey: 'key', consumerSecret: 'secret', businessShortCode: '9034112',
    passkey: 'passkey', environment: 'sandbox', callbackUrl: 'https://shop.example.co.ke/paid'
  })
  mpesa.httpClient.get = async () => ({ access_token: 'A'.repeat(28), expires_in: '3599' })
  mpesa.httpClient.post = async (path, body) => { told('safaricom-mpesa-node', body); return { ResponseCode: '0' } }
  await mpesa.stkPush({ phoneNumber: '0711000111', amount: 350, accountReference: 'ORDER42' })
}
main()
NODE
node run.js >seen 2>errors || { cat errors >&2; exit 1; }
env/bin/python - >>seen <<'PYTHON'
import json

import requests
from mpesa_integration import MpesaClient
from mpesa_integration.config import MpesaConfig


def answer(body):
    response = requests.Response()
    response.status_code = 200
    response._content = json.dumps(body).encode()
    return response


def record(url, json, **_):
    names = ("TransactionType", "BusinessShortCode", "PartyB")
    kind, code, party = (json[name] for name in names)
    print(f"mpesa-integration, a pay bill: {kind}, BusinessShortCode {code}, PartyB {party}")
    return answer({"ResponseCode": "0"})


requests.get = lambda *_, **__: answer({"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})
requests.post = record
config = MpesaConfig(consumer_key="key", consumer_secret="secret", shortcode="600992", passkey="passkey",
                     callback_url="https://shop.example.co.ke/paid", business_shortcode="600992")
MpesaClient(config).initiate_payment(phone_number="254711000111", amount=350, account_reference="ORDER42",
                                     transaction_desc="Order 42")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
