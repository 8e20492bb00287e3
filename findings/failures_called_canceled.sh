#!/usr/bin/env bash
# Finding: mpesapay says of every payment that failed that the customer canceled it.
#
# Package: mpesapay 3.2.6 with axios 1.13.2 (npm), Node 18 or newer; its reader of callbacks, nothing is sent.
# Date: 2026-11-29
# Behaviour: FormatPaymentData knows 0 and 17. Any other code is status "canceled" and "Canceled transaction", and the
#   words of Daraja are dropped.
# Documented: 1 is a balance that is too low, 2001 a wrong PIN, 1037 a phone out of reach, SFC_IC0003 a wrong till of
#   the shop's own. Its types name "failed" beside "canceled".
# For a merchant: A shop with a wrong till number reads for weeks that its customers change their minds.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1 The balance is insufficient for the transaction.: canceled, Canceled transaction
#   | 17 Rule limited.: failed, Unable to process
#   | 1032 Request Cancelled by user.: canceled, Canceled transaction
#   | 1037 DS timeout user cannot be reached: canceled, Canceled transaction
#   | 2001 The initiator information is invalid.: canceled, Canceled transaction
#   | SFC_IC0003 The operator does not exist.: canceled, Canceled transaction

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesapay@3.2.6 axios@1.13.2 >&2 || exit 2
cat >"$folder/read.mjs" <<'JAVASCRIPT'
import { FormatPaymentData } from 'mpesapay'

const failures = [[1, 'The balance is insufficient for the transaction.'], [17, 'Rule limited.'],
  [1032, 'Request Cancelled by user.'], [1037, 'DS timeout user cannot be reached'],
  [2001, 'The initiator information is invalid.'], ['SFC_IC0003', 'The operator does not exist.']]
for (const [ResultCode, ResultDesc] of failures) {
  const one = FormatPaymentData({ Body: { stkCallback: { MerchantRequestID: '6a1d-4f02-b7c8-2e9d40f1a35c51204417',
    CheckoutRequestID: 'ws_CO_071020261435032708374149', ResultCode, ResultDesc } } })
  console.log(`${ResultCode} ${ResultDesc}: ${one.status}, ${one.message}`)
}
JAVASCRIPT
node "$folder/read.mjs" >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
