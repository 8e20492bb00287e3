#!/usr/bin/env bash
# Finding: A call that Daraja answers with HTTP 500 resolves to an object that says it went well.
#
# Package: daraja.js 1.0.2 (npm); axios's post is replaced by one that rejects with an answer of Daraja.
# Date: 2026-11-29
# Behaviour: On HTTP 500, and when no answer comes at all, send() of a push and of a payout resolves to an object
#   whose isOkay() is true and whose ids are empty. On HTTP 400 it rejects.
# Documented: 500.001.1001 (wrong password, unknown short code, prompt already open) and 500.002.1001 are refusals:
#   nothing was accepted.
# For a merchant: The order waits for a prompt that never came; a payout that was refused is booked as sent.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | push, HTTP 400: rejects
#   | push, HTTP 500: okay true, id ""
#   | push, no answer: okay true, id ""
#   | payout, HTTP 500: okay true, id ""

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts daraja.js@1.0.2 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const axios = require('axios')
const { Mpesa } = require('daraja.js')
axios.get = async () => ({ data: { access_token: 'token', expires_in: '3599' } })
let error
axios.post = async () => { throw error }
const client = new Mpesa({ consumerKey: 'key', consumerSecret: 'secret', securityCredential: 'credential' })
const push = () => client.stkPush().shortCode('174379').amount(350).phoneNumber(254711000111)
  .callbackURL('https://shop.example.co.ke/stk').accountNumber('ORDER42').lipaNaMpesaPassKey('passkey').send()
const payout = () => client.b2c().shortCode('600992').amount(250).phoneNumber(254711000111).initiatorName('testapi')
  .resultURL('https://shop.example.co.ke/result').timeoutURL('https://shop.example.co.ke/timeout').send()
const answered = (status) => ({ response: { status, data: { errorCode: '500.001.1001', errorMessage: 'Wrong credentials' } } })
const cases = [['push, HTTP 400', push, answered(400)], ['push, HTTP 500', push, answered(500)],
  ['push, no answer', push, { request: {} }], ['payout, HTTP 500', payout, answered(500)]]
;(async () => {
  for (const [name, call, thrown] of cases) {
    error = thrown
    try {
      const answer = await call()
      console.log(`${name}: okay ${answer.isOkay()}, id ${JSON.stringify(answer.getTransactionID())}`)
    } catch {
      console.log(`${name}: rejects`)
    }
  }
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
