#!/usr/bin/env bash
# Finding: An amount with half a shilling is rounded to the even one, so the shop asks for less.
#
# Package: safcom 0.1.0 (PyPI), Python 3.11; its client with an httpx stub that sends nothing.
# Date: 2026-11-29
# Behaviour: amount is typed as a float and rounded by Python's round: 100.50 goes out as 100, 101.50 as 102. An amount
#   of 0.50 is accepted, as it is more than zero, and goes out as 0.
# Documented: Amount is a whole number of shillings, at least 1.
# For a merchant: A check that compares the paid amount with the order finds every second such payment short, and the
#   books differ by cents that nobody decided on. A push of 0 is refused by Daraja, after the check of the package.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 100.50 -> 100
#   | 101.50 -> 102
#   | 0.50 -> 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  safcom==0.1.0 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import httpx
from safcom import Mpesa

sent = []


def get(url, **_):
    return httpx.Response(200, json={"access_token": "token", "expires_in": "3599"}, request=httpx.Request("GET", url))


def post(url, *, json, **_):
    sent.append(json)
    return httpx.Response(200, json={"ResponseCode": "0"}, request=httpx.Request("POST", url))


httpx.get, httpx.post = get, post
client = Mpesa("key", "secret", "passkey", "600992")
for amount in (100.50, 101.50, 0.50):
    client.stk_push("254711000111", amount, "ORDER42", callback_url="https://shop.example.co.ke/stk")
    print(f"{amount:.2f} -> {sent.pop()['Amount']}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
