#!/usr/bin/env bash
# Finding: mds-daraja-sdk calls every payment that M-Pesa confirms failed, and refuses every one that it is asked about.
#
# Package: mds-daraja-sdk 2.0.0 with axios 1.13.2 (npm), Node 18 or newer; its two handlers, nothing is sent.
# Date: 2026-11-29
# Behaviour: handleTransactionConfirmation wants a ResultCode of 0, handleTransactionValidation the TransactionType
#   "PayBill". Neither is ever in the message.
# Documented: A C2B confirmation has no result code: it is sent for money that moved. TransactionType is "Pay Bill" with
#   a blank, or empty in a validation.
# For a merchant: With external validation every customer of the pay bill is turned away; without it the money arrives
#   and no order is paid.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | validation: false, Invalid transaction type or amount
#   | validation of the older form, "Pay Bill": false, Invalid transaction type or amount
#   | confirmation of 500.00, receipt UJ7M2P5RTY: false, Transaction failed

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mds-daraja-sdk@2.0.0 axios@1.13.2 dotenv@16.4.5 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const { safaricomDarajaApi } = require('mds-daraja-sdk')
const message = { TransactionType: 'Pay Bill', TransID: 'UJ7M2P5RTY', TransTime: '20261007144210', TransAmount: '500.00',
  BusinessShortCode: '600984', BillRefNumber: 'HOUSE-12B', InvoiceNumber: '', OrgAccountBalance: '30671.00',
  ThirdPartyTransID: '', MSISDN: '2547 ***** 111', FirstName: 'AMINA', MiddleName: '', LastName: '' }
const asked = { ...message, TransactionType: '', TransAmount: '500', OrgAccountBalance: '' }
const said = (answer) => `${answer.success}, ${answer.message}`
console.log(`validation: ${said(safaricomDarajaApi.handleTransactionValidation(asked))}`)
console.log(`validation of the older form, "Pay Bill": ${said(safaricomDarajaApi.handleTransactionValidation(message))}`)
console.log(`confirmation of 500.00, receipt UJ7M2P5RTY: ${said(safaricomDarajaApi.handleTransactionConfirmation(message))}`)
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
