#!/usr/bin/env bash
# Finding: With two customers at once daraja-sdk sends both prompts and tells the second that it failed.
#
# Package: daraja-sdk 0.1.0 with fastapi 0.121.0 (PyPI), Python 3.11; its router as its page shows it, and its constants
#   of addresses point to a stub of Daraja on 127.0.0.1.
# Date: 2026-11-29
# Behaviour: All requests share one client, and each opens and closes its connection. The end of the first request
#   closes the connection of the second, whose push is under way. The answer is lost, and the route says 502.
# Documented: Its page registers one client for the whole program. A push that was accepted has a prompt on the phone.
# For a merchant: Whenever two customers pay within the same second or two, one reads that it failed and has a prompt;
#   who pays again pays twice. Customers who come one by one do not show it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | one by one: ORDER39 200, ORDER40 200
#   | at once: ORDER41 200
#   | at once: ORDER42 502 {"detail":"STK Push request failed: "}
#   | accepted by Daraja: ORDER39 ORDER40 ORDER41 ORDER42

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps daraja-sdk==0.1.0 fastapi==0.121.0 \
  annotated-doc==0.0.7 annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 h11==0.16.0 h2==4.4.1 hpack==4.2.0 \
  httpcore==1.0.9 httpx==0.28.1 hyperframe==6.1.0 idna==3.20 pydantic==2.14.4 pydantic_core==2.50.5 \
  starlette==0.49.3 typing-inspection==0.4.5 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import asyncio
import collections
import contextlib
import http.server
import json
import threading

import daraja_sdk.fastapi as router
import httpx
from daraja_sdk import MpesaClient, auth, stk
from fastapi import FastAPI

accepted = collections.defaultdict(threading.Event)
ended = threading.Event()


class Stub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body):
        text = json.dumps(body).encode()
        with contextlib.suppress(ConnectionError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def do_GET(self):
        self.answer({"access_token": "token", "expires_in": "3599"})

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["AccountReference"]
        accepted[order].set()
        if order == "ORDER41":
            accepted["ORDER42"].wait(20)
        if order == "ORDER42":
            ended.wait(5)
        said = "Success. Request accepted for processing"
        self.answer({"MerchantRequestID": "6a1d-1", "CheckoutRequestID": "ws_CO_" + order, "ResponseCode": "0",
                     "ResponseDescription": said, "CustomerMessage": said})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
stub = f"http://127.0.0.1:{server.server_port}"
auth.SANDBOX_AUTH_URL = f"{stub}/oauth/v1/generate?grant_type=client_credentials"
stk.SANDBOX_STK_URL = f"{stub}/mpesa/stkpush/v1/processrequest"
app = FastAPI()
app.include_router(router.router)
router.set_client(MpesaClient("key", "secret", "174379", "passkey", "https://shop.example.co.ke/stk"))


async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop", timeout=30) as browser:

        async def buy(order, phone):
            return await browser.post("/mpesa/stk/push", json={"phone": phone, "amount": 350, "account_reference": order})

        alone = [f"{order} {(await buy(order, '254711000111')).status_code}" for order in ("ORDER39", "ORDER40")]
        print("one by one:", ", ".join(alone))
        first = asyncio.create_task(buy("ORDER41", "254711000111"))
        await asyncio.to_thread(accepted["ORDER41"].wait, 20)
        second = asyncio.create_task(buy("ORDER42", "254722000222"))
        print("at once: ORDER41", (await first).status_code)
        answer = await second
        ended.set()
        print("at once: ORDER42", answer.status_code, answer.text if answer.status_code != 200 else "")
        print("accepted by Daraja:", *sorted(order for order, event in accepted.items() if event.is_set()))


asyncio.run(main())
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
