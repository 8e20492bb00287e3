#!/usr/bin/env bash
# Finding: tajiri-mpesa-express fills what a call leaves out with the values of the customer before.
#
# Package: tajiri-mpesa-express 1.2.0 with tajiri-mpesa-oauth 1.3.0 (npm), Node 18 or newer; its tables of addresses
#   point to a stub of Daraja on the loopback interface.
# Date: 2026-11-29
# Behaviour: Each argument of stkPush is written into the configuration object, and read from there. A later call
#   without an argument gets the value of the call before. The caller's own object is changed too.
# Documented: Its page: what is left blank, or null, is the default from the configuration.
# For a merchant: A customer is prompted with the order number of another one; a call without arguments prompts the
#   phone of the last customer, for the last amount.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | configured: 254700000000 1 SHOP
#   | call with phone 254711000111, amount 350, ORDER41: 254711000111 350 ORDER41
#   | call with phone 254722000222, amount 90: 254722000222 90 ORDER41
#   | call without arguments: 254722000222 90 ORDER41
#   | configured: 254722000222 90 ORDER41

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  tajiri-mpesa-express@1.2.0 tajiri-mpesa-oauth@1.3.0 tajiri-mpesa-password@2.1.0 tajiri-mpesa-time@1.2.0 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const http = require('http')
const Express = require('tajiri-mpesa-express')

const asked = []
const server = http.createServer((request, response) => {
  let text = ''
  request.on('data', (part) => { text += part })
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    if (request.url.startsWith('/oauth')) return response.end('{"access_token": "token", "expires_in": "3599"}')
    asked.push(JSON.parse(text))
    return response.end(JSON.stringify({ MerchantRequestID: '6a1d-1', CheckoutRequestID: 'ws_CO_1', ResponseCode: '0',
      ResponseDescription: 'Success. Request accepted for processing',
      CustomerMessage: 'Success. Request accepted for processing' }))
  })
})
server.listen(0, '127.0.0.1', async () => {
  const stub = `http://127.0.0.1:${server.address().port}`
  require('tajiri-mpesa-express/conf/urls').sandbox.stkPush = `${stub}/mpesa/stkpush/v1/processrequest`
  require('tajiri-mpesa-oauth/config/urls').sandbox.Authorization = `${stub}/oauth/v1/generate?grant_type=client_credentials`
  const configured = { BUSINESS_SHORT_CODE: 174379, TRANSACTION_TYPE: 'CustomerPayBillOnline', AMOUNT: 1,
    PHONE_NUMBER: 254700000000, CALLBACK_URL: 'https://shop.example.co.ke/stk', ACCOUNT_REFERENCE: 'SHOP',
    TRANSACTION_DESCRIPTION: 'Shopping', CONSUMER_KEY: 'key', CONSUMER_SECRET: 'secret', PASS_KEY: 'passkey' }
  const shop = () => `configured: ${configured.PHONE_NUMBER} ${configured.AMOUNT} ${configured.ACCOUNT_REFERENCE}`
  const last = () => `${asked.at(-1).PhoneNumber} ${asked.at(-1).Amount} ${asked.at(-1).AccountReference}`
  const client = new Express(configured, 'sandbox')
  console.log(shop())
  await client.stkPush(254711000111, 350, 'Two shirts', 'ORDER41')
  console.log(`call with phone 254711000111, amount 350, ORDER41: ${last()}`)
  await client.stkPush(254722000222, 90)
  console.log(`call with phone 254722000222, amount 90: ${last()}`)
  await client.stkPush()
  console.log(`call without arguments: ${last()}`)
  console.log(shop())
  server.close()
  server.closeAllConnections()
})
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
