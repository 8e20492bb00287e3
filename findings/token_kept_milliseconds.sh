#!/usr/bin/env bash
# Finding: A client keeps its token for 3.6 seconds, because seconds are compared with milliseconds.
#
# Package: daraja.js 1.0.2 (npm); axios is replaced by a recorder, the clock by one that the script moves.
# Date: 2026-11-29
# Behaviour: The age of the token in milliseconds is compared with 3599.
# Documented: A token lives 3600 seconds; expires_in says 3599.
# For a merchant: Nearly every payment fetches a token of its own: twice the calls, and the limits are met sooner.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | after 3.5 s: tokens fetched 1
#   | after 3.7 s: tokens fetched 2

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts daraja.js@1.0.2 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { Mpesa } = require('daraja.js')
let now = Date.now()
let fetched = 0
Date.now = () => now
axios.get = async () => { fetched += 1; return { data: { access_token: 'token', expires_in: '3599' } } }
axios.post = async () => ({ data: { ResponseCode: '0', CheckoutRequestID: 'ws_CO_071020261435032711000111' } })
const client = new Mpesa({ consumerKey: 'key', consumerSecret: 'secret', securityCredential: 'credential' })
const query = () => client.stkPush().shortCode('174379').lipaNaMpesaPassKey('passkey')
  .checkoutRequestID('ws_CO_071020261435032711000111').queryStatus()
;(async () => {
  const began = now
  await query()
  for (const later of [3500, 3700]) {
    now = began + later
    await query()
    console.log(`after ${later / 1000} s: tokens fetched ${fetched}`)
  }
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
