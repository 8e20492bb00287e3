#!/usr/bin/env bash
# Finding: The helper that makes the Password of a push can only raise.
#
# Package: mpesa-api-sdk 0.1 (PyPI), Python 3.11; its gateway with an adapter of `requests` that sends nothing.
# Date: 2026-11-29
# Behaviour: encode_password gives a text to a function that copies between files. The push takes a Password from its
#   caller and then replaces the Timestamp by its own, so the two agree only within the same second.
# Documented: The Password is the Base64 text of short code, passkey and the Timestamp that is sent beside it.
# For a merchant: There is no way in the package to a Password. One made by hand is refused as wrong credentials as
#   soon as a second lies between.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | encode_password: TypeError
#   | Timestamp given 20261007143000, Timestamp in the Password 20261007143000, Timestamp sent the clock's

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-api-sdk==0.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import base64
import json

import requests
from mpesa import gateway

sent = []


def noted(self, request, **_):
    sent.append(json.loads(request.body))
    answer = requests.Response()
    answer.status_code, answer._content = 200, b'{"ResponseCode": "0"}'
    return answer


requests.adapters.HTTPAdapter.send = noted
try:
    gateway.encode_password("600992", "passkey", "20261007143000")
except TypeError as error:
    print("encode_password:", type(error).__name__)
GIVEN = "20261007143000"
password = base64.b64encode(f"600992passkey{GIVEN}".encode()).decode()
gateway.Mpesa("token", "sandbox").lipa_na_mpesa_online_payment({
    "BusinessShortCode": "600992", "Password": password, "Timestamp": GIVEN, "Amount": 350, "PartyA": "254711000111",
    "PartyB": "600992", "PhoneNumber": "254711000111", "CallBackURL": "https://shop.example.co.ke/stk",
    "AccountReference": "ORDER42", "TransactionDesc": "Order 42"})
(body,) = sent
inside = base64.b64decode(body["Password"]).decode()[-14:]
print(f"Timestamp given {GIVEN}, Timestamp in the Password {inside}, Timestamp sent",
      "the same" if body["Timestamp"] == GIVEN else "the clock's")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
