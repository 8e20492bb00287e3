#!/usr/bin/env bash
# Finding: Four clients keep a refused token until it expires, because the push answers 404 and not 401.
#
# Package: mpesa-daraja-mcp 0.1.4, daraja-v3 0.2.1, umojasdk 0.1.1, noriapay 0.1.1 (PyPI), Python 3.11; host
#   constants or settings point to a stub on the loopback interface.
# Date: 2026-11-29
# Behaviour: The stub cancels the first token, as a second process with the same keys does in strict mode.
#   mpesa-daraja-mcp renews on 401 only, the others never; the second try of the caller fails in the same way.
#   umojasdk raises nothing, it returns success False.
# Documented: A bad token on the push is HTTP 404 with 404.001.03 Invalid Access Token (and 401 on B2C and balance).
# In doubt: Sources conflict on whether a new token cancels the old one. A token can be revoked in other ways too.
# For a merchant: After a new token was issued elsewhere no customer can pay for up to an hour, until the cached
#   token runs out.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-daraja-mcp: DarajaError, DarajaError; tokens fetched: 1
#   | daraja-v3: MpesaError, MpesaError; tokens fetched: 1
#   | umojasdk: success=False, success=False; tokens fetched: 1
#   | noriapay: ApiError, ApiError; tokens fetched: 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-daraja-mcp==0.1.4 daraja-v3==0.2.1 umojasdk==0.1.1 noriapay==0.1.1 httpx==0.28.1 \
  httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 \
  cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mpesa_mcp.client
from mpesa import MpesaClient
from noriapay import MpesaClient as NoriaClient
from umojasdk import MpesaConfig, STKPushRequest, UmojaMpesa

issued = []


class Stub(BaseHTTPRequestHandler):
    """The first token is refused, each later one is accepted."""

    def do_GET(self):
        issued.append("A" * 27 + str(len(issued)))
        self.answer(200, {"access_token": issued[-1], "expires_in": "3599"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"].endswith("0"):
            self.answer(404, {"requestId": "", "errorCode": "404.001.03", "errorMessage": "Invalid Access Token"})
        else:
            self.answer(200, {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1", "MerchantRequestID": "1"})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
PUSH = {"BusinessShortCode": "174379", "Amount": 350, "PhoneNumber": "254711000111"}

mpesa_mcp.client.BASE_URLS["sandbox"] = URL
mcp = mpesa_mcp.client.DarajaClient(mpesa_mcp.client.Config("sandbox", "key", "secret"))
loop = asyncio.new_event_loop()
v3 = MpesaClient("key", "secret", "174379", "passkey", base_url=URL)
umoja = UmojaMpesa(MpesaConfig("key", "secret", "174379", "passkey", "https://shop.example.co.ke/stk"))
umoja._base = URL
noria = NoriaClient(consumer_key="key", consumer_secret="secret", base_url=URL)
CLIENTS = {
    "mpesa-daraja-mcp": lambda: loop.run_until_complete(mcp.post("/mpesa/stkpush/v1/processrequest", PUSH))["ResponseCode"],
    "daraja-v3": lambda: v3.stk_push("254711000111", 350, "ORDER42", callback_url="https://shop.example.co.ke/stk"),
    "umojasdk": lambda: f"success={umoja.stk_push(STKPushRequest('254711000111', 350, 'ORDER42')).success}",
    "noriapay": lambda: noria.stk_push(PUSH)["ResponseCode"],
}
for name, push in CLIENTS.items():
    issued.clear()
    told = []
    for _ in range(2):
        try:
            told.append(str(push()))
        except Exception as error:
            told.append(type(error).__name__)
    print(name + ":", ", ".join(told) + ";", "tokens fetched:", len(issued))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
