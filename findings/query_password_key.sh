#!/usr/bin/env bash
# Finding: The status query of a push names the key password, so it is refused for want of a Password.
#
# Package: daraja-kit 1.2.0 (npm) with axios 1.13.2; axios is replaced by a recorder that refuses as Daraja does.
# Date: 2026-11-29
# Behaviour: The type of the body leaves the password to the package, which adds it as `password`. The error that the
#   caller gets has the HTTP status; the errorCode and the errorMessage of Daraja are lost.
# Documented: BusinessShortCode, Password, Timestamp and CheckoutRequestID.
# For a merchant: A payment whose callback is lost can never be looked up, and the error does not say why.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | documented and missing: Password
#   | sent and not documented: password
#   | Error: Error occurred with status code 400, Bad Request

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps daraja-kit@1.2.0 axios@1.13.2 >&2 || exit 2
ENVIRONMENT=sandbox MPESA_CONSUMER_KEY=key MPESA_CONSUMER_SECRET=secret MPESA_BUSINESS_SHORT_CODE=600992 \
  MPESA_TILL_OR_PAYBILL_NO=600992 MPESA_TRANSACTION_TYPE=CustomerPayBillOnline MPESA_API_PASS_KEY=passkey \
  NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const DOCUMENTED = ['BusinessShortCode', 'Password', 'Timestamp', 'CheckoutRequestID']
let sent
axios.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.post = async (url, body) => {
  sent = Object.keys(body)
  const data = { requestId: '11728-2929992-1', errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid Password' }
  throw Object.assign(new Error('refused'), { response: { status: 400, statusText: 'Bad Request', data } })
}
axios.default = axios
const { getStateOfALNMOnlinePayment, generateTimestamp } = require('daraja-kit')
;(async () => {
  const asked = { BusinessShortCode: '600992', Timestamp: generateTimestamp(),
    CheckoutRequestID: 'ws_CO_071020261435032711000111' }
  const error = await getStateOfALNMOnlinePayment(asked).catch((found) => found)
  console.log('documented and missing:', DOCUMENTED.filter((key) => !sent.includes(key)).join(', '))
  console.log('sent and not documented:', sent.filter((key) => !DOCUMENTED.includes(key)).join(', '))
  console.log(`${error.name}: ${error.message}`)
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
