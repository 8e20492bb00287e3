#!/usr/bin/env bash
# Finding: Seven tools of mpesa-mcp send what Daraja does not know: addresses, a command, or the keys of an invoice.
#
# Package: mpesa-mcp 0.4.6 (PyPI), Python 3.11; its tools are called as functions: fastmcp, which serves them, and the
#   library for SMS are left out. `requests` is sent to a stub of Daraja on 127.0.0.1 in the place of the sandbox.
# Date: 2026-11-29
# Behaviour: Standing orders, the name of a short code, swap and IMSI have paths of their own. The prompt to a till goes
#   to the B2B API, which has none of its keys. A Pochi wallet is paid through B2C, with a command of B2B and without
#   OriginatorConversationID. An invoice has no name and no period; phone and due date are under other keys.
# Documented: The output names the paths. Pochi wants BusinessPayToPochi and an OriginatorConversationID;
#   BusinessPayToBulk moves money to a short code. Unknown paths are answered 404, unknown keys are ignored. The tool of
#   the invoice: "the customer receives an SMS".
# For a merchant: The checks before a payout (name of the receiver, new SIM) give no answer. Standing orders and payments
#   to a Pochi wallet cannot be made. The invoice has no number to write to and no date to remind of.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa_ratiba_create: POST /v1/ratiba/create, documented: POST /standingorder/v1/createStandingOrderExternal
#   | mpesa_query_org_info: GET /v1/info/details/600992, documented: POST /sfcverify/v1/query/info
#   | mpesa_sim_swap_query: POST /v1/sim-swap/status, documented: POST /imsi/v2/checkATI
#   | mpesa_imsi_query: POST /v1/sim-swap/query, documented: POST /imsi/v1/checkATI
#   | mpesa_b2b_express_checkout: POST /mpesa/b2b/v1/paymentrequest, documented: POST /v1/ussdpush/get-msisdn
#   | mpesa_business_pochi: POST /mpesa/b2c/v3/paymentrequest, documented: POST /mpesa/b2pochi/v1/paymentrequest
#   |   CommandID BusinessPayToBulk, OriginatorConversationID None
#   | mpesa_bill_manager_invoice: POST /v1/billmanager-invoice/single-invoicing, as documented
#   |   missing: billedFullName, billedPeriod, billedPhoneNumber, dueDate
#   |   unknown: ReceiverPhoneNumber, billingRef, dueReminder, invoiceDueDate, remindersSendTimes, sendReminders
#   |   invoiceItems: []

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
    (tools.mpesa_business_pochi, ("0711000111", 100), "/mpesa/b2pochi/v1/paymentrequest"),
    (tools.mpesa_bill_manager_invoice, ("INV-00421", "HOUSE-12B", "Rent", 800, "2026-10-31", "0711000111"),
     "/v1/billmanager-invoice/single-invoicing"),
]
invoice = {"externalReference", "billedFullName", "billedPhoneNumber", "billedPeriod", "invoiceName", "dueDate",
           "accountReference", "amount", "invoiceItems"}
for tool, arguments, documented in calls:
    try:
        tool(*arguments)
    except requests.HTTPError:
        pass
    method, path, body = asked[-1]
    said = "as documented" if path == documented else f"documented: POST {documented}"
    print(f"{tool.__name__}: {method} {path}, {said}")
    if tool is tools.mpesa_business_pochi:
        print(f"  CommandID {body['CommandID']}, OriginatorConversationID {body.get('OriginatorConversationID')}")
print("  missing:", ", ".join(sorted(invoice - body.keys())))
print("  unknown:", ", ".join(sorted(body.keys() - invoice)))
print("  invoiceItems:", body["invoiceItems"])
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
