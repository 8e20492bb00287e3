#!/usr/bin/env bash
# Finding: daraja-v3 gives two payouts of one second the same OriginatorConversationID.
#
# Package: daraja-v3 0.2.1 (PyPI), Python 3.11; its setting base_url points to a stub on the loopback interface.
# Date: 2026-11-29
# Behaviour: The id is made of the whole seconds of the clock, and a caller cannot set it. The stub answers a
#   repeated id as Daraja does; the second customer is not paid and the caller sees an API error 500.
# Documented: B2C v3 refuses a used OriginatorConversationID with HTTP 500, 500.002.1001; it means that the FIRST
#   request with the id was accepted.
# For a merchant: Of two payouts in one second one is never made; code that reads 500.002.1001 as "already paid"
#   books it as paid.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 254711000111 accepted
#   | 254711000222 refused: API error 500: Duplicate OriginatorConversationID.
#   | ids: ['b2c-SECONDS', 'b2c-SECONDS']

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  daraja-v3==0.2.1 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import mpesa.client
from mpesa import MpesaClient
from mpesa.exceptions import MpesaError

ids = []


class Stub(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"access_token": "A" * 28, "expires_in": "3599"})

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        used = sent["OriginatorConversationID"] in ids
        ids.append(sent["OriginatorConversationID"])
        if used:
            error = {"requestId": "1", "errorCode": "500.002.1001", "errorMessage": "Duplicate OriginatorConversationID."}
            self.answer(500, error)
        else:
            done = "Accept the service request successfully."
            self.answer(200, {"ConversationID": "AG_1", "OriginatorConversationID": ids[-1],
                              "ResponseCode": "0", "ResponseDescription": done})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
# Both payouts read one and the same second from the clock, so that the machine's speed does not matter.
noon = mpesa.client.datetime(2026, 10, 7, 12)
mpesa.client.datetime = SimpleNamespace(now=lambda: noon)
client = MpesaClient("key", "secret", "600992", base_url=f"http://127.0.0.1:{server.server_port}")
for phone in ("254711000111", "254711000222"):
    try:
        client.b2c(phone, 500, callback_url="https://shop.example.co.ke/result", initiator_name="testapi",
                   security_credential="credential")
        print(phone, "accepted")
    except MpesaError as error:
        print(phone, "refused:", error)
print("ids:", [re.sub("[0-9]{10}", "SECONDS", one) for one in ids])
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
