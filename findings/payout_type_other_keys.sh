#!/usr/bin/env bash
# Finding: The types of mpesapay want keys of a payout's result that neither Daraja nor its own code knows.
#
# Package: mpesapay 3.2.6 with typescript 5.9.3 (npm), Node 18 or newer.
# Date: 2026-11-29
# Behaviour: Daraja's result does not compile. What compiles has the keys _Result1 and _ResultParameters1, made up by
#   the tool that joined the types, and its own reader raises on it.
# Documented: Its page offers "type checking capabilities". Daraja's keys are Result and ResultParameters.
# For a merchant: Who writes tests with the types as a guide tests a message that never comes.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | documented.mts: 'Result' does not exist in type 'BusinessToCustomerResponse'
#   | typed.mts: compiles
#   | typed.mts, run: TypeError: Cannot read properties of undefined (reading 'ResultParameters')

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mpesapay@3.2.6 axios@1.13.2 typescript@5.9.3 >&2 || exit 2
cat >"$folder/documented.mts" <<'TYPESCRIPT'
import { FormatBusinessToCustomer } from 'mpesapay'

FormatBusinessToCustomer({ Result: { ResultType: 0, ResultCode: 0,
  ResultDesc: 'The service request is processed successfully.', OriginatorConversationID: 'payout-000017-3f9c',
  ConversationID: 'AG_20261007_20105f3ac19be27d6041', TransactionID: 'UJ74B7XW2K',
  ResultParameters: { ResultParameter: [{ Key: 'TransactionAmount', Value: 250 }] },
  ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL', Value: 'https://internalsandbox.safaricom.co.ke/' } } } })
TYPESCRIPT
sed 's/{ Result: {/{ _Result1: {/; s/ResultParameters: { ResultParameter:/_ResultParameters1: { _ResultParameter1:/' \
  "$folder/documented.mts" >"$folder/typed.mts"
compile() { (cd "$folder" && node_modules/.bin/tsc --module nodenext --target es2022 --skipLibCheck "$1"); }
{
  compile documented.mts | sed -n "s/^\(documented.mts\).*\('Result' does not exist in type '[A-Za-z]*'\).*/\1: \2/p"
  compile typed.mts && echo "typed.mts: compiles"
  node "$folder/typed.mjs" 2>&1 | sed -n 's/^TypeError/typed.mts, run: TypeError/p'
} >"$folder/seen" || true
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
