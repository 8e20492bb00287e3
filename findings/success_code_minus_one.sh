#!/usr/bin/env bash
# Finding: safaricom-mpesa-node says -1 for the result code of a payment that succeeded.
#
# Package: safaricom-mpesa-node 1.0.3 (npm), Node 18 or newer; its parser of callbacks, nothing is sent.
# Date: 2026-11-30
# Behaviour: getResultCode() gives the code or, where that is falsy, -1. The code of a success is the number 0, which is
#   falsy. A code that is the text "0" is given as it is, and failures are as well.
# Documented: ResultCode is the number 0 for a payment that was made. No code is negative.
# For a merchant: A shop that asks `getResultCode() === 0` has no paid order: customers pay, and no order is delivered.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | paid, code 0: getResultCode() is -1, of 350 shillings with the receipt UJ7K4T9QWX
#   | cancelled, code 1032: getResultCode() is 1032, of 0 shillings with the receipt (none)

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts safaricom-mpesa-node@1.0.3 >&2 || exit 2
cat >run.js <<'NODE'
const { parseSTKCallback } = require('safaricom-mpesa-node')

const ids = {
  MerchantRequestID: '6a1d-4f02-b7c8-2e9d40f1a35c51204417', CheckoutRequestID: 'ws_CO_071020261435032711000111'
}
const paid = {
  ...ids, ResultCode: 0, ResultDesc: 'The service request is processed successfully.',
  CallbackMetadata: {
    Item: [
      { Name: 'Amount', Value: 350 }, { Name: 'MpesaReceiptNumber', Value: 'UJ7K4T9QWX' },
      { Name: 'TransactionDate', Value: 20261007143521 }, { Name: 'PhoneNumber', Value: 254711000111 }
    ]
  }
}
const cancelled = { ...ids, ResultCode: 1032, ResultDesc: 'Request Cancelled by user.' }
for (const [name, stkCallback] of Object.entries({ paid, cancelled })) {
  const read = parseSTKCallback({ Body: { stkCallback } })
  const receipt = read.getTransactionId() || '(none)'
  console.log(`${name}, code ${stkCallback.ResultCode}: getResultCode() is ${read.getResultCode()}, ` +
    `of ${read.getAmount()} shillings with the receipt ${receipt}`)
}
NODE
node run.js >seen 2>errors || { cat errors >&2; exit 1; }
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
