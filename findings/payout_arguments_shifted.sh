#!/usr/bin/env bash
# Finding: A payout, called as the page of mds-daraja-sdk shows it, pays the phone number as an amount to a time.
#
# Package: mds-daraja-sdk 2.0.0 with axios 1.13.2 (npm), Node 18 or newer; axios is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: The page passes short code, credential, timestamp, phone, amount. The function takes short code,
#   credential, phone, amount, so that JavaScript drops the amount and shifts the rest.
# Documented: Its page, B2C Payments: "timestamp: The current timestamp" as the third of five parameters. Daraja's
#   payout has no timestamp; PartyB is the customer, Amount at most 250,000.
# For a merchant: No payout that follows the page can be made: 254 billion shillings are asked for. A compiler sees it,
#   plain JavaScript does not.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | asked to pay 250 to 254711000111
#   | sent: Amount "254711000111", PartyB "20261007145200"

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mds-daraja-sdk@2.0.0 axios@1.13.2 dotenv@16.4.5 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { MdsDarajaSdk } = require('mds-daraja-sdk')
let sent
axios.default.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.default.post = async (url, body) => { sent = body; return { data: { ResponseCode: '0' } } }
;(async () => {
  const client = new MdsDarajaSdk('key', 'secret')
  await client.initiateB2cPayment('600992', 'credential', '20261007145200', '254711000111', 250)
  console.log('asked to pay 250 to 254711000111')
  console.log(`sent: Amount ${JSON.stringify(sent.Amount)}, PartyB ${JSON.stringify(sent.PartyB)}`)
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
