#!/usr/bin/env bash
# Finding: A payment that is still being processed is stored as failed for good, and called safe to retry.
#
# Package: mpesa-daraja-mcp 0.1.4 (PyPI) with mcp 2.3.0, Python 3.11; its sandbox constant points to a stub on the
#   loopback interface.
# Date: 2026-11-29
# Behaviour: The stub answers the first query with the ResultCode 4999 and each later one with 0. The tool knows the
#   older form of "in flight" only, error 500.001.1001. It stores FAILED, says so again and asks no second time.
# Documented: A query of a payment in flight is answered HTTP 200 with ResultCode "4999", The transaction is still under
#   processing; one payment can go from 4999 to its result.
# For a merchant: The prompt is still on the phone when the agent is told that it may try again; both can be paid.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | query 1: FAILED 4999: Failed. Safe to retry with the same idempotency_key once the cause is fixed.
#   | query 2: FAILED 4999: Failed. Safe to retry with the same idempotency_key once the cause is fixed.
#   | Daraja was asked: 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 attrs==26.1.0 certifi==2026.10.19.post1 cffi==2.1.1 click==8.5.1 \
  cryptography==50.0.2 h11==0.16.0 httpcore==1.0.9 httpcore2==2.16.2 httpx==0.28.1 httpx2==2.16.2 idna==3.20 \
  jsonschema==4.26.0 jsonschema-specifications==2025.9.1 mcp==2.3.0 mcp-types==2.3.0 mpesa-daraja-mcp==0.1.4 \
  opentelemetry-api==1.45.2 pycparser==3.12 pydantic==2.14.4 pydantic_core==2.50.5 PyJWT==2.15.1 \
  python-multipart==0.0.34 referencing==0.37.0 rpds-py==2026.9.1 sse-starlette==3.7.0 starlette==1.10.0 \
  truststore==0.10.5 typing-inspection==0.4.5 typing_extensions==4.16.0 uvicorn==0.54.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import asyncio
import json
import logging
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHECKOUT = "ws_CO_071020261435032708374149"
ANSWERS = [("4999", "The transaction is still under processing"),
           ("0", "The service request is processed successfully.")]
asked = []


class Stub(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"access_token": "A" * 28, "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        code, text = ANSWERS[min(len(asked), 1)]
        asked.append(code)
        self.answer({"ResponseCode": "0", "ResponseDescription": "The service request has been accepted successsfully",
                     "MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "CheckoutRequestID": CHECKOUT,
                     "ResultCode": code, "ResultDesc": text})

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ |= {"DARAJA_STATE_DB": os.path.join(sys.prefix, "state.db"), "DARAJA_CONSUMER_KEY": "key",
               "DARAJA_CONSUMER_SECRET": "secret", "DARAJA_SHORTCODE": "174379", "DARAJA_PASSKEY": "passkey"}

import mpesa_mcp.client
import mpesa_mcp.server

logging.disable(logging.CRITICAL)
mpesa_mcp.client.BASE_URLS["sandbox"] = f"http://127.0.0.1:{server.server_port}"
for number in (1, 2):
    outcome = asyncio.run(mpesa_mcp.server.stk_query(CHECKOUT))
    print(f"query {number}: {outcome.status} {outcome.result_code}: {outcome.message}")
print("Daraja was asked:", len(asked))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
