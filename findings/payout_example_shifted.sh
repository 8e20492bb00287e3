#!/usr/bin/env bash
# Finding: The payout of mds-daraja-sdk's page sends the time as the customer's number, and the number as the amount.
#
# Package: mds-daraja-sdk 2.0.0 with axios 1.13.2 (npm), Node 18 or newer; axios.get and axios.post are replaced by
#   recorders.
# Date: 2026-11-30
# Behaviour: The page lists shortCode, password, timestamp, phoneNumber, amount, and its example passes these five. The
#   method takes four, without the timestamp. JavaScript drops the last one, which is the amount.
# Documented: PartyB of a payout is 254 and nine digits, Amount is in shillings.
# For a merchant: Written as the page says, no payout can go out; it is refused for its PartyB, and the error does not
#   name the cause. The amount that was meant is sent nowhere.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | the method takes 4 values: shortCode, password, phoneNumber, amount
#   | meant: 250 shillings to 254711000111
#   | sent: Amount 254711000111, PartyB 20261007143521

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  mds-daraja-sdk@2.0.0 axios@1.13.2 dotenv@16.4.5 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { MdsDarajaSdk } = require('mds-daraja-sdk')

axios.get = async () => ({ data: { access_token: 'A'.repeat(28), expires_in: '3599' } })
axios.post = async (url, body) => {
  console.log(`sent: Amount ${body.Amount}, PartyB ${body.PartyB}`)
  return { data: { ResponseCode: '0' } }
}

const method = MdsDarajaSdk.prototype.initiateB2cPayment
const names = /\(([^)]*)\)/.exec(method.toString())[1]
console.log(`the method takes ${method.length} values: ${names}`)
const [phone, amount] = ['254711000111', 250]
console.log(`meant: ${amount} shillings to ${phone}`)
new MdsDarajaSdk('key', 'secret').initiateB2cPayment('600992', 'credential', '20261007143521', phone, amount)
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
