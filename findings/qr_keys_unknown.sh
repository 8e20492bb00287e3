#!/usr/bin/env bash
# Finding: The types of a QR request name four keys, of which Daraja has two.
#
# Package: noriapay 0.1.1 (PyPI), Python 3.11; its client with an HTTP stub on 127.0.0.1 as its documented base_url.
# Date: 2026-11-29
# Behaviour: MpesaQrCodeRequest asks for MerchantName, MerchantShortCode, Amount and QRType, and sends what it is
#   given.
# Documented: MerchantName, RefNo, Amount, TrxCode, CPI and Size.
# For a merchant: A program that follows the types, and a type checker that is content, is refused by every call.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | typed: Amount, MerchantName, MerchantShortCode, QRType
#   | sent: Amount, MerchantName, MerchantShortCode, QRType
#   | documented and missing: CPI, RefNo, Size, TrxCode

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  anyio==4.16.0 certifi==2026.10.19.post1 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 \
  idna==3.20 noriapay==0.1.1 typing-extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from noriapay.mpesa import MpesaClient, MpesaQrCodeRequest

DOCUMENTED = {"MerchantName", "RefNo", "Amount", "TrxCode", "CPI", "Size"}
sent = []


class Stub(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"access_token": "token", "expires_in": "3599"})

    def do_POST(self):
        sent.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"ResponseCode": "00"})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = MpesaClient(consumer_key="key", consumer_secret="secret", base_url=f"http://127.0.0.1:{server.server_port}")
typed = sorted(MpesaQrCodeRequest.__annotations__)
client.generate_qr_code(
    {"MerchantName": "Duka", "MerchantShortCode": "600992", "Amount": 100, "QRType": "Dynamic"})
print("typed:", ", ".join(typed))
print("sent:", ", ".join(sorted(sent)))
print("documented and missing:", ", ".join(sorted(DOCUMENTED - set(sent))))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
