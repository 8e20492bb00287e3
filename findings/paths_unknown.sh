#!/usr/bin/env bash
# Finding: Five tools of mpesa-mcp call addresses that Daraja does not have, or those of another API.
#
# Package: mpesa-mcp 0.4.6 (PyPI), Python 3.11; its tools are called as functions: fastmcp, which serves them, and the
#   library for SMS are left out. `requests` is sent to a stub of Daraja on 127.0.0.1 in the place of the sandbox.
# Date: 2026-11-29
# Behaviour: Standing orders, the name of a short code, swap and IMSI have paths of their own. The prompt to a till goes
#   to the B2B API, which has none of its keys.
# Documented: POST /standingorder/v1/createStandingOrderExternal, /sfcverify/v1/query/info, /imsi/v2/checkATI,
#   /imsi/v1/checkATI, /v1/ussdpush/get-msisdn. An unknown path is answered 404, Resource not found.
# For a merchant: The check of the receiver's name and of a new SIM before a payout never gives an answer; standing
#   orders cannot be made.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa_ratiba_create: POST /v1/ratiba/create, documented: POST /standingorder/v1/createStandingOrderExternal
#   | mpesa_query_org_info: GET /v1/info/details/600992, documented: POST /sfcverify/v1/query/info
#   | mpesa_sim_swap_query: POST /v1/sim-swap/status, documented: POST /imsi/v2/checkATI
#   | mpesa_imsi_query: POST /v1/sim-swap/query, documented: POST /imsi/v1/checkATI
#   | mpesa_b2b_express_checkout: POST /mpesa/b2b/v1/paymentrequest, documented: POST /v1/ussdpush/get-msisdn

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
        self.answer(404, {"requestId": "", "errorCode": "404.001.01", "errorMessage": "Resource not found"})


listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=listener.serve_forever, daemon=True).start()
send = requests.Session.request
requests.Session.request = lambda self, method, url, **more: send(
    self, method, url.replace("https://sandbox.safaricom.co.ke", f"http://127.0.0.1:{listener.server_port}"), **more)
calls = [
    (tools.mpesa_ratiba_create, ("Rent", "20261101", "20271101", "0711000111", 100, "HOUSE-12B"),
     "/standingorder/v1/createStandingOrderExternal"),
    (tools.mpesa_query_org_info, ("600992",), "/sfcverify/v1/query/info"),
    (tools.mpesa_sim_swap_query, ("0711000111",), "/imsi/v2/checkATI"),
    (tools.mpesa_imsi_query, ("0711000111",), "/imsi/v1/checkATI"),
    (tools.mpesa_b2b_express_checkout, ("600000", 71, "INV-00421"), "/v1/ussdpush/get-msisdn"),
]
for tool, arguments, documented in calls:
    try:
        tool(*arguments)
    except requests.HTTPError:
        pass
    method, path, _ = asked[-1]
    print(f"{tool.__name__}: {method} {path}, documented: POST {documented}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
