#!/usr/bin/env bash
# Finding: safcom says "STK push sent!" of a push that Daraja refused, and returns a refused payout without an error.
#
# Package: safcom 0.1.0 with httpx 0.28.1 (PyPI), Python 3.11; its command line and its class. Safaricom's host is in
#   its code: httpx.get and httpx.post are replaced by a stub.
# Date: 2026-11-30
# Behaviour: An error is a ResponseCode other than "0". Daraja's refusals have none: they are read as a response with
#   empty ids and an empty code. The HTTP status is never looked at. The command ends with 0.
# Documented: A refusal is HTTP 400 with requestId, errorCode and errorMessage. Its own description of stk_push: raises
#   APIError if the API returns an error.
# For a merchant: The order waits for a prompt that never came; a payout that was refused for its missing
#   OriginatorConversationID is booked as sent. Empty ids of two orders are equal.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | push, HTTP 400, Bad Request - Invalid PhoneNumber
#   | ✅ STK push sent!
#   | CheckoutRequestID:
#   | Message:
#   | exit status 0
#   | payout, HTTP 400, Bad Request - Invalid OriginatorConversationID
#   | returned: code "", ConversationID ""

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps safcom==0.1.0 httpx==0.28.1 httpcore==1.0.9 \
  h11==0.16.0 anyio==4.16.0 certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/all" <<'PYTHON'
import sys

import httpx
from safcom import Mpesa
from safcom.cli import main


def answer(status, body):
    return httpx.Response(status, json=body, request=httpx.Request("POST", "https://sandbox.safaricom.co.ke/"))


def refuse(message):
    def post(url, **_):
        print(f"{'payout' if '/b2c/' in url else 'push'}, HTTP 400, {message}")
        return answer(400, {"requestId": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "errorCode": "400.002.02",
                            "errorMessage": message})
    return post


httpx.get = lambda *_, **__: answer(200, {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})
httpx.post = refuse("Bad Request - Invalid PhoneNumber")
sys.argv = ["safcom", "stkpush", "254202345678", "350", "--ref", "ORDER42", "--key", "key", "--secret", "secret",
            "--passkey", "passkey", "--shortcode", "174379", "--callback", "https://shop.example.co.ke/paid"]
try:
    main()
    print("exit status 0")
except SystemExit as ended:
    print(f"exit status {ended.code}")
httpx.post = refuse("Bad Request - Invalid OriginatorConversationID")
shop = Mpesa(consumer_key="key", consumer_secret="secret", passkey="passkey", shortcode="600992")
paid = shop.b2c(phone="254711000111", amount=250)
print(f'returned: code "{paid.response_code}", ConversationID "{paid.conversation_id}"')
PYTHON
sed -E 's/^\s+//; s/\s+$//' "$folder/all" >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
