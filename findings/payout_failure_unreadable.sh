#!/usr/bin/env bash
# Finding: mpesapay reads the result of a payout that arrived, and raises on every one that failed.
#
# Package: mpesapay 3.2.6 with axios 1.13.2 (npm), Node 18 or newer; its readers, nothing is sent.
# Date: 2026-11-29
# Behaviour: FormatBusinessToCustomer and FormatAccountBalance read ResultParameters before they look at the ResultCode.
#   Both have a branch for "failed", which no failure of Daraja reaches.
# Documented: ResultParameters are absent on the failure of a payout or a balance.
# For a merchant: A payout that failed is never booked as such: it stays open, or counts as paid. A test with a payout
#   that succeeds does not show it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | payout, 0: success, receipt UJ74B7XW2K
#   | payout, 1: TypeError: Cannot read properties of undefined (reading 'ResultParameter')
#   | payout, 2001: TypeError: Cannot read properties of undefined (reading 'ResultParameter')
#   | balance, 0: success, 2 accounts
#   | balance, TP40153: TypeError: Cannot read properties of undefined (reading 'ResultParameter')

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesapay@3.2.6 axios@1.13.2 >&2 || exit 2
cat >"$folder/read.mjs" <<'JAVASCRIPT'
import { FormatAccountBalance, FormatBusinessToCustomer } from 'mpesapay'

const result = (code, description, more) => ({ Result: { ResultType: 0, ResultCode: code, ResultDesc: description,
  OriginatorConversationID: 'payout-000017-3f9c', ConversationID: 'AG_20261007_20105f3ac19be27d6041',
  TransactionID: 'UJ74B7XW2K', ...more, ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL',
    Value: 'https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit' } } } })
const parameters = (values) => ({ ResultParameters: { ResultParameter: Object.entries(values).map(([Key, Value]) => ({ Key, Value })) } })
const paid = parameters({ TransactionAmount: 250, TransactionReceipt: 'UJ74B7XW2K',
  ReceiverPartyPublicName: '254711000111 - AMINA WANJIRU', TransactionCompletedDateTime: '07.10.2026 14:52:40',
  B2CUtilityAccountAvailableFunds: 8959269.6, B2CWorkingAccountAvailableFunds: 1199371,
  B2CRecipientIsRegisteredCustomer: 'Y', B2CChargesPaidAccountAvailableFunds: -1980 })
const balance = parameters({ AccountBalance: 'Working Account|KES|1200.00|1200.00|0.00|0.00&Utility Account|KES|30672.50|30672.50|0.00|0.00' })
const cases = [
  ['payout, 0', () => FormatBusinessToCustomer(result(0, 'The service request is processed successfully.', paid)), (one) => `receipt ${one.data.TransactionReceipt}`],
  ['payout, 1', () => FormatBusinessToCustomer(result(1, 'The balance is insufficient for the transaction.'))],
  ['payout, 2001', () => FormatBusinessToCustomer(result(2001, 'The initiator information is invalid.'))],
  ['balance, 0', () => FormatAccountBalance(result(0, 'The service request is processed successfully.', balance)), (one) => `${one.accountBalances.length} accounts`],
  ['balance, TP40153', () => FormatAccountBalance(result('TP40153', 'The operator does not have permission to perform this operation.'))],
]
for (const [name, read, about = (one) => one.resultCode] of cases) {
  try {
    const one = read()
    console.log(`${name}: ${one.status}, ${about(one)}`)
  } catch (error) {
    console.log(`${name}: ${error}`)
  }
}
JAVASCRIPT
node "$folder/read.mjs" >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
