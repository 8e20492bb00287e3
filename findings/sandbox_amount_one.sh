#!/usr/bin/env bash
# Finding: In the sandbox each push asks for one shilling, whatever amount the shop gives.
#
# Package: daraja-kit 1.2.0 (npm) with axios 1.13.2; axios is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: The amount is sent in the environment "production" only; else the text "1" is sent. Nothing says so.
# Documented: Amount is what the customer is asked for, in the sandbox as in production.
# For a merchant: An order with a wrong amount, cents or a limit that is not checked passes all tests in the sandbox.
#   The first true amount is sent on the day of the launch.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | given 350, sent "1"
#   | given 250001, sent "1"

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps daraja-kit@1.2.0 axios@1.13.2 >&2 || exit 2
ENVIRONMENT=sandbox MPESA_CONSUMER_KEY=key MPESA_CONSUMER_SECRET=secret MPESA_BUSINESS_SHORT_CODE=600992 \
  MPESA_TILL_OR_PAYBILL_NO=600992 MPESA_TRANSACTION_TYPE=CustomerPayBillOnline MPESA_API_PASS_KEY=passkey \
  NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const sent = []
axios.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.post = async (url, body) => { sent.push(body); return { data: { ResponseCode: '0' } } }
axios.default = axios
const { stkPushRequest } = require('daraja-kit')
;(async () => {
  for (const amount of ['350', '250001']) {
    await stkPushRequest({ phoneNumber: '254711000111', amount, callbackURL: 'https://shop.example.co.ke/stk',
      transactionDesc: 'Order 42', accountReference: 'ORDER42' })
    console.log(`given ${amount}, sent ${JSON.stringify(sent.pop().Amount)}`)
  }
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
