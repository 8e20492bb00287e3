#!/usr/bin/env bash
# Finding: mpesasync says that it sanitises numbers, and raises on each that would need it.
#
# Package: mpesasync 1.0.0 (PyPI) with pydantic 1.10.27, Python 3.11; its function that sends is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: push and payout take 254 and nine digits; with a plus or a leading 0 they raise ValueError.
# Documented: Its page: "The phone number can be any of +254XXXXXXXXX, 254XXXXXXXXX, 0XXXXXXXXX, the SDK will sanitise
#   the phone numbers for you."
# For a merchant: Who relies on the page passes on what customers type, 0711 000 111 or 0711000111, and nearly no
#   customer can pay.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 254711000111: sent to 254711000111
#   | +254711000111: ValueError
#   | 0711000111: ValueError

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mpesasync==1.0.0 anyio==3.7.1 \
  certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 cryptography==36.0.2 h11==0.12.0 httpcore==0.13.7 \
  httpx==0.19.0 idna==3.20 pycparser==3.12 pydantic==1.10.27 rfc3986==1.5.0 sniffio==1.3.1 typing_extensions==4.16.0 \
  ujson==5.13.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import asyncio

from mpesasync import MpesaEnvironment, lipa_na_mpesa
from mpesasync.contracts import MpesaResponse

sent = []


async def keep(url, data, **_):
    sent.append(data)
    said = "Success. Request accepted for processing"
    return MpesaResponse(data={"MerchantRequestID": "6a1d-1", "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0",
                               "ResponseDescription": said, "CustomerMessage": said})


lipa_na_mpesa.HttpClient.HttpPost = keep
client = lipa_na_mpesa.STKPush(Environment=MpesaEnvironment.sandbox, BusinessShortCode="174379", PassKey="passkey",
                               CallBackURL="https://shop.example.co.ke/stk", AccessToken="token")
for number in ("254711000111", "+254711000111", "0711000111"):
    try:
        asyncio.run(client.stk_push(amount=350, phone_number=number))
        print(f"{number}: sent to {sent[-1]['PhoneNumber']}")
    except ValueError as error:
        print(f"{number}: {type(error).__name__}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
