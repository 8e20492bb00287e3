#!/usr/bin/env bash
# Finding: mpesa-mcp pays a Pochi wallet with the command that fills a short code of payouts.
#
# Package: mpesa-mcp 0.4.6 (PyPI), Python 3.11; its tools are called as functions: fastmcp, which serves them, and the
#   library for SMS are left out. `requests` is sent to a stub of Daraja on 127.0.0.1 in the place of the sandbox.
# Date: 2026-11-29
# Behaviour: mpesa_business_pochi posts to B2C with CommandID BusinessPayToBulk and no OriginatorConversationID.
# Documented: POST /mpesa/b2pochi/v1/paymentrequest with BusinessPayToPochi and an OriginatorConversationID.
#   BusinessPayToBulk is a B2B command, which moves money to a short code.
# For a merchant: No payment reaches a Pochi wallet.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | documented: /mpesa/b2pochi/v1/paymentrequest BusinessPayToPochi
#   | sent: /mpesa/b2c/v3/paymentrequest BusinessPayToBulk to 254711000111, OriginatorConversationID False

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mpesa-mcp==0.4.6 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import http.server
import json
import logging
import os
import sys
import threading
import types

import requests

os.environ |= {"MPESA_SANDBOX": "true", "MPESA_CONSUMER_KEY": "key", "MPESA_CONSUMER_SECRET": "secret",
               "MPESA_SHORTCODE": "600984", "MPESA_PASSKEY": "passkey", "MPESA_INITIATOR_NAME": "testapi",
               "MPESA_SECURITY_CREDENTIAL": "credential", "MPESA_CALLBACK_URL": "https://shop.example.co.ke/result"}
sys.modules["africastalking"] = types.ModuleType("africastalking")
sys.modules["fastmcp"] = types.ModuleType("fastmcp")
sys.modules["fastmcp"].FastMCP = type("FastMCP", (), {"__init__": lambda *_, **__: None, "tool": lambda *_, **__: lambda tool: tool})
from mpesa_mcp import server as tools

logging.disable()
asked = []


class Stub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path.startswith("/oauth/"):
            self.answer(200, {"access_token": "token", "expires_in": "3599"})
        else:
            self.asked_for()

    def do_POST(self):
        self.asked_for()

    def asked_for(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked.append((self.command, self.path, json.loads(text or "null")))
        self.answer(200, {"ConversationID": "AG_20261007_20105f3ac19be27d6041",
                          "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735523", "ResponseCode": "0",
                          "ResponseDescription": "Accept the service request successfully."})


listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=listener.serve_forever, daemon=True).start()
send = requests.Session.request
requests.Session.request = lambda self, method, url, **more: send(
    self, method, url.replace("https://sandbox.safaricom.co.ke", f"http://127.0.0.1:{listener.server_port}"), **more)
tools.mpesa_business_pochi("0711000111", 100)
_, path, body = asked[-1]
print("documented: /mpesa/b2pochi/v1/paymentrequest BusinessPayToPochi")
print("sent:", path, body["CommandID"], "to", body["PartyB"] + ", OriginatorConversationID", "OriginatorConversationID" in body)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
