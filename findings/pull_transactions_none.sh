#!/usr/bin/env bash
# Finding: mpesa-mcp answers a pull of transactions with none, whatever Daraja returns.
#
# Package: mpesa-mcp 0.4.6 (PyPI), Python 3.11; its tools are called as functions: fastmcp, which serves them, and the
#   library for SMS are left out. `requests` is sent to a stub of Daraja on 127.0.0.1 in the place of the sandbox.
# Date: 2026-11-29
# Behaviour: It reads the rows from the key Data. Daraja has no such key; code and message of the success are passed on.
# Documented: The rows are under Response, in a list inside a list. The tool's description: "Returns count, the
#   transactions, the response code and message", for reconciliation.
# For a merchant: Pull transactions are how missed confirmations are found. The answer "Success, 0 transactions" says
#   that none was missed, and paid orders stay open.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | Daraja returns 2 rows: UJ7M2P5RTY 500.00, UJ7M2P5RTZ 120.00
#   | the tool: count 0, transactions [], 1000 Success

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
        self.answer(200, {"ResponseRefID": "0f7c1b52-6d3e-4a18-9c21-b7e2d4a96f12", "ResponseCode": "1000",
                          "ResponseMessage": "Success", "Response": [rows]})


listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=listener.serve_forever, daemon=True).start()
send = requests.Session.request
requests.Session.request = lambda self, method, url, **more: send(
    self, method, url.replace("https://sandbox.safaricom.co.ke", f"http://127.0.0.1:{listener.server_port}"), **more)
rows = [{"transactionId": receipt, "trxDate": "2026-10-07T14:42:10+03:00", "msisdn": 254711000111, "sender": "MPESA",
         "transactiontype": "c2b-pay-bill-debit", "billreference": "HOUSE-12B", "amount": amount,
         "organizationname": "Example Shop"} for receipt, amount in (("UJ7M2P5RTY", "500.00"), ("UJ7M2P5RTZ", "120.00"))]
answer = tools.mpesa_pull_transactions("2026-10-07 00:00:00", "2026-10-07 23:59:59")
print(f"Daraja returns {len(rows)} rows:", ", ".join(f"{row['transactionId']} {row['amount']}" for row in rows))
print(f"the tool: count {answer['count']}, transactions {answer['transactions']}, {answer['response_code']} {answer['message']}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
