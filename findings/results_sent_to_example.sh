#!/usr/bin/env bash
# Finding: mds-daraja-sdk has the result of every payout, reversal and balance sent to example.com.
#
# Package: mds-daraja-sdk 2.0.0 with axios 1.13.2 (npm), Node 18 or newer; axios is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: ResultURL and QueueTimeOutURL are constants, and no argument or variable changes them.
# Documented: The package's page says to make callback URLs publicly accessible, and names no address of its own. The
#   result of these calls comes to the ResultURL only; a payout's has the customer's name and number.
# For a merchant: No payout is ever confirmed and no failure seen, and names, numbers and balances go to a host that is
#   not the shop's.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | MdsDarajaSdk, payout: https://example.com/result and https://example.com/timeout
#   | MdsDarajaSdk, reversal: https://example.com/result and https://example.com/timeout
#   | SafaricomDarajaApi, payout: https://example.com/result and https://example.com/timeout
#   | SafaricomDarajaApi, balance: https://example.com/result and https://example.com/timeout
#   | SafaricomDarajaApi, reversal: https://example.com/result and https://example.com/timeout

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mds-daraja-sdk@2.0.0 axios@1.13.2 dotenv@16.4.5 >&2 || exit 2
NODE_PATH="$folder/node_modules" DARAJA_API_CALLBACK_URL=https://shop.example.co.ke/result node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { MdsDarajaSdk, SafaricomDarajaApi } = require('mds-daraja-sdk')
let sent
axios.default.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.default.post = async (url, body) => { sent = body; return { data: { ResponseCode: '0' } } }
const simple = new MdsDarajaSdk('key', 'secret')
const full = new SafaricomDarajaApi('key', 'secret', '600992', 'passkey')
const calls = [
  ['MdsDarajaSdk, payout', () => simple.initiateB2cPayment('600992', 'credential', '254711000111', 250)],
  ['MdsDarajaSdk, reversal', () => simple.reverseTransaction('600992', 'credential', 'UJ7K4T9QWX')],
  ['SafaricomDarajaApi, payout', () => full.b2cPayment('600992', 'credential', 250, '600992', '254711000111')],
  ['SafaricomDarajaApi, balance', () => full.checkBalance('600992', 'credential', '20261007143518', '600992')],
  ['SafaricomDarajaApi, reversal', () => full.reverseTransaction('600992', 'credential', '20261007143518', 'UJ7K4T9QWX')],
]
;(async () => {
  for (const [name, call] of calls) {
    await call()
    console.log(`${name}: ${sent.ResultURL} and ${sent.QueueTimeOutURL}`)
  }
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
