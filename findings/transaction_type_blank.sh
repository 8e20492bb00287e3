#!/usr/bin/env bash
# Finding: mpesa-api sends the default TransactionType with a blank at its end, and a Timestamp in UTC.
#
# Package: mpesa-api 3.0.2 (npm), Node 20; its HTTP service is replaced by a recorder, TZ is Africa/Nairobi.
# Date: 2026-11-29
# Behaviour: Without a TransactionType from the caller the body says "CustomerPayBillOnline ". The time comes from
#   toISOString, three hours behind East Africa Time whatever the server's zone is.
# Documented: TransactionType is exactly CustomerPayBillOnline or CustomerBuyGoodsOnline; Timestamp is documented as
#   East Africa Time.
# For a merchant: Whether the push works depends on the gateway's patience with the blank; no source says that it is
#   tolerated.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | "CustomerPayBillOnline " hours behind: 3

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesa-api@3.0.2 >&2 || exit 2
TZ=Africa/Nairobi NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const { Mpesa } = require('mpesa-api')
const client = new Mpesa({ clientKey: 'key', clientSecret: 'secret', securityCredential: 'credential' }, 'sandbox')
client.authenticate = async () => 'token'
client.http.post = async (path, body) => {
  const t = body.Timestamp
  const asNairobi = new Date(`${t.slice(0, 4)}-${t.slice(4, 6)}-${t.slice(6, 8)}T${t.slice(8, 10)}:${t.slice(10, 12)}:${t.slice(12)}+03:00`)
  console.log(JSON.stringify(body.TransactionType), 'hours behind:', Math.round((Date.now() - asNairobi) / 3600000))
  return { data: {} }
}
client.lipaNaMpesaOnline({
  BusinessShortCode: 174379, passKey: 'passkey', Amount: 350, PartyA: '254711000111', PartyB: '174379',
  PhoneNumber: '254711000111', CallBackURL: 'https://shop.example.co.ke/stk', AccountReference: 'ORDER42', TransactionDesc: 'Order 42'
})
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
