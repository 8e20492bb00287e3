#!/usr/bin/env bash
# Finding: mpesa-node sends a B2B payment with a CommandID that no page of Daraja lists, and a null AccountReference.
#
# Package: mpesa-node 0.1.3 (npm), Node 18 or newer; its property baseURL points to a stub on the loopback interface.
# Date: 2026-11-29
# Behaviour: b2b(sender, receiver, amount, queueUrl, resultUrl), all that its documentation asks for, sends CommandID
#   BusinessToBusinessTransfer and AccountReference null.
# Documented: B2B takes BusinessPayBill, BusinessBuyGoods, BusinessPayToBulk, BusinessTransferFromMMFToUtility and five
#   legacy commands, and requires AccountReference.
# For a merchant: Supplier payments are refused until somebody finds the two further arguments in its source.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | CommandID BusinessToBusinessTransfer
#   | AccountReference null

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts mpesa-node@0.1.3 >&2 || exit 2
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 1 -subj /CN=stub >/dev/null 2>&1
cat >run.js <<'NODE'
const http = require('http')
const Mpesa = require('mpesa-node')

const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    if (request.url.startsWith('/oauth')) return response.end(JSON.stringify({ access_token: 'A'.repeat(28), expires_in: '3599' }))
    const sent = JSON.parse(body)
    console.log('CommandID', sent.CommandID)
    console.log('AccountReference', sent.AccountReference)
    response.end('{"ResponseCode": "0"}')
  })
})
server.listen(0, '127.0.0.1', async () => {
  const client = new Mpesa({
    consumerKey: 'key', consumerSecret: 'secret', environment: 'sandbox', initiatorName: 'testapi',
    securityCredential: 'password', certPath: 'certificate.pem'
  })
  client.baseURL = `http://127.0.0.1:${server.address().port}`
  await client.b2b('600992', '600000', 239, 'https://shop.example.co.ke/late', 'https://shop.example.co.ke/result')
  server.close()
  process.exit(0)
})
NODE
node run.js >seen 2>errors || { cat errors >&2; exit 1; }
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
