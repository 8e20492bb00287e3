#!/usr/bin/env bash
# Finding: safaricom-mpesa-node sends a payout four times when the gateway answers 504, on an API without protection.
#
# Package: safaricom-mpesa-node 1.0.3 (npm), Node 18 or newer, with its defaults; a stub of Daraja on 127.0.0.1, whose
#   address is put into its HTTP client, takes each payout and answers 504.
# Date: 2026-11-30
# Behaviour: Every call is repeated up to three times after any error but two: its own validation and HTTP 401 or 403.
#   b2c() posts to the version v1, without OriginatorConversationID, which it has no argument for. In the end it raises.
# Documented: v1 has no de-duplication: a retry after a time-out can pay twice. After a 504 the outcome is unknown. v3
#   refuses a repeated OriginatorConversationID.
# For a merchant: One refund of 250 shillings can go out as four, and the program reports that it failed.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | /mpesa/b2c/v1/paymentrequest: 250 to 254711000111, OriginatorConversationID undefined
#   | /mpesa/b2c/v1/paymentrequest: 250 to 254711000111, OriginatorConversationID undefined
#   | /mpesa/b2c/v1/paymentrequest: 250 to 254711000111, OriginatorConversationID undefined
#   | /mpesa/b2c/v1/paymentrequest: 250 to 254711000111, OriginatorConversationID undefined
#   | the caller sees MpesaAPIError; 4 payouts were taken

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts safaricom-mpesa-node@1.0.3 >&2 || exit 2
cat >run.js <<'NODE'
const http = require('http')
const { Mpesa } = require('safaricom-mpesa-node')

let taken = 0
const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    if (request.url.startsWith('/oauth')) {
      return response.end(JSON.stringify({ access_token: 'A'.repeat(28), expires_in: '3599' }))
    }
    const sent = JSON.parse(body)
    taken += 1
    console.log(`${request.url}: ${sent.Amount} to ${sent.PartyB}, ` +
      `OriginatorConversationID ${sent.OriginatorConversationID}`)
    response.statusCode = 504
    response.end(JSON.stringify({
      fault: { faultstring: 'Gateway Timeout', detail: { errorcode: 'messaging.adaptors.http.flow.GatewayTimeout' } }
    }))
  })
})
server.listen(0, '127.0.0.1', async () => {
  const mpesa = new Mpesa({
    consumerKey: 'key', consumerSecret: 'secret', businessShortCode: '600992', passkey: 'passkey',
    environment: 'sandbox', initiatorName: 'testapi', securityCredential: 'c3R1Yg==',
    resultUrl: 'https://shop.example.co.ke/result', timeoutUrl: 'https://shop.example.co.ke/late'
  })
  mpesa.httpClient.baseUrl = `http://127.0.0.1:${server.address().port}`
  try {
    await mpesa.b2c({ phoneNumber: '254711000111', amount: 250, remarks: 'Refund' })
  } catch (error) {
    console.log(`the caller sees ${error.name}; ${taken} payouts were taken`)
  }
  process.exit(0)
})
NODE
node run.js >seen 2>errors || { cat errors >&2; exit 1; }
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
