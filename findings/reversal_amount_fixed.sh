#!/usr/bin/env bash
# Finding: mds-daraja-sdk reverses one shilling, or a thousand, whatever was paid.
#
# Package: mds-daraja-sdk 2.0.0 with axios 1.13.2 (npm), Node 18 or newer; axios is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: Neither of its two clients has an argument for the amount of a reversal. MdsDarajaSdk sends 1,
#   SafaricomDarajaApi 1000. The Initiator is the short code.
# Documented: Daraja: Amount is the amount of the transaction, Initiator the name of the API user. The package's page
#   lists the short code, the credential and the transaction, and says nothing of an amount.
# For a merchant: No refund of 350 shillings can be asked for. What Daraja makes of another amount is documented
#   nowhere.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | MdsDarajaSdk takes 3 arguments: Amount 1, Initiator "600992"
#   | SafaricomDarajaApi takes 4 arguments: Amount 1000, Initiator "600992"

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mds-daraja-sdk@2.0.0 axios@1.13.2 dotenv@16.4.5 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { MdsDarajaSdk, SafaricomDarajaApi } = require('mds-daraja-sdk')
let sent
axios.default.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
axios.default.post = async (url, body) => { sent = body; return { data: { ResponseCode: '0' } } }
;(async () => {
  const simple = new MdsDarajaSdk('key', 'secret')
  await simple.reverseTransaction('600992', 'credential', 'UJ7K4T9QWX')
  console.log(`MdsDarajaSdk takes ${simple.reverseTransaction.length} arguments: Amount ${sent.Amount}, Initiator ${JSON.stringify(sent.Initiator)}`)
  const full = new SafaricomDarajaApi('key', 'secret', '600992', 'passkey')
  await full.reverseTransaction('600992', 'credential', '20261007143518', 'UJ7K4T9QWX')
  console.log(`SafaricomDarajaApi takes ${full.reverseTransaction.length} arguments: Amount ${sent.Amount}, Initiator ${JSON.stringify(sent.Initiator)}`)
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
