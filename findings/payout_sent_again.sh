#!/usr/bin/env bash
# Finding: Two clients send a payout again by themselves when its outcome is unknown, on an API without protection.
#
# Package: safaricom-mpesa-node 1.0.3 (npm), Node 18 or newer, with its defaults; daraja-mpesa 1.2.1 (PyPI), Python
#   3.11. A stub of Daraja on 127.0.0.1 takes each payout. To the first client it answers 504; of the second it closes
#   the first connection without an answer. Its address is put into the HTTP client of the first, and is an argument of
#   the second.
# Date: 2026-11-30
# Behaviour: The first repeats every call up to three times after any error but its own validation and HTTP 401 or 403,
#   and raises in the end. The second sends once more after any exception, and returns the second acknowledgement alone.
#   Both post to the version v1, without OriginatorConversationID, which they have no argument for.
# Documented: v1 has no de-duplication: a retry after a time-out can pay twice. v3 refuses a repeated
#   OriginatorConversationID.
# For a merchant: One refund of 250 shillings can go out twice or four times; the program reports a failure, or one
#   success.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | safaricom-mpesa-node: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | safaricom-mpesa-node: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | safaricom-mpesa-node: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | safaricom-mpesa-node: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | safaricom-mpesa-node: the caller sees MpesaAPIError; 4 payouts were taken
#   | daraja-mpesa: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | daraja-mpesa: /mpesa/b2c/v1/paymentrequest, 250 to 254711000111, OriginatorConversationID none
#   | daraja-mpesa: the caller sees payout 2; 2 payouts were taken

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps daraja-mpesa==1.2.1 requests==2.34.2 \
  certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
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
    console.log(`safaricom-mpesa-node: ${request.url}, ${sent.Amount} to ${sent.PartyB}, ` +
      `OriginatorConversationID ${sent.OriginatorConversationID || 'none'}`)
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
    console.log(`safaricom-mpesa-node: the caller sees ${error.name}; ${taken} payouts were taken`)
  }
  process.exit(0)
})
NODE
node run.js >seen 2>errors || { cat errors >&2; exit 1; }
env/bin/python - >>seen <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from mpesa.api.b2c import B2C

taken = []


class Stub(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        taken.append(f"AG_20261007_20105f3ac19be27d604{len(taken) + 1}")
        own_id = sent.get("OriginatorConversationID", "none")
        print(f"daraja-mpesa: {self.path}, {sent['Amount']} to {sent['PartyB']}, OriginatorConversationID {own_id}")
        if len(taken) > 1:
            self.answer({"ConversationID": taken[-1], "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735523",
                         "ResponseCode": "0", "ResponseDescription": "Accept the service request successfully."})


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = B2C(env="sandbox", app_key="key", app_secret="secret",
             sandbox_url=f"http://127.0.0.1:{server.server_port}")
told = client.transact(initiator_name="testapi", security_credential="c3R1Yg==", command_id="BusinessPayment",
                       amount=250, party_a=600992, party_b=254711000111, remarks="Refund",
                       queue_timeout_url="https://shop.example.co.ke/late",
                       result_url="https://shop.example.co.ke/result", occassion="")
number = taken.index(told["ConversationID"]) + 1
print(f"daraja-mpesa: the caller sees payout {number}; {len(taken)} payouts were taken")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
