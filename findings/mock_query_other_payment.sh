#!/usr/bin/env bash
# Finding: daraja-mock answers the query of a payment with the ids of another, which nobody has asked for.
#
# Package: daraja-mock 1.0.5 with flask 3.1.3 (PyPI), Python 3.11; its application, called by flask's test client.
# Date: 2026-11-30
# Behaviour: The answer of a query has a new CheckoutRequestID and a new MerchantRequestID each time. A
#   CheckoutRequestID that no push has returned gets the same answer as a real one.
# Documented: The answer of a query has the ids of the push that was asked for. Its own description: all responses match
#   the format of the sandbox exactly.
# For a merchant: A shop that compares the id of the answer, as it should, finds that no payment is ever settled; a
#   shop that finds the order by that id passes its tests only without the lookup.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | asked for the push: ResultCode 0, its CheckoutRequestID no, its MerchantRequestID no
#   | asked for it again: the same ids as before no
#   | asked for a payment that never was: HTTP 200, ResultCode 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps daraja-mock==1.0.5 flask==3.1.3 \
  werkzeug==3.1.9 jinja2==3.1.6 markupsafe==3.0.4 itsdangerous==2.2.0 click==8.5.1 blinker==1.9.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from daraja_mock import DarajaMock

client = DarajaMock().app.test_client()


def query(payment):
    body = {"BusinessShortCode": "174379", "Password": "cGFzc3dvcmQ=", "Timestamp": "20261007143521",
            "CheckoutRequestID": payment}
    return client.post("/mpesa/stkpushquery/v1/query", json=body)


def ids(answer):
    return answer["CheckoutRequestID"], answer["MerchantRequestID"]


def told(equal):
    return "yes" if equal else "no"


pushed = client.post("/mpesa/stkpush/v1/processrequest", json={
    "BusinessShortCode": "174379", "Password": "cGFzc3dvcmQ=", "Timestamp": "20261007143521", "Amount": 350,
    "TransactionType": "CustomerPayBillOnline", "PartyA": "254711000111", "PartyB": "174379",
    "PhoneNumber": "254711000111", "CallBackURL": "https://shop.example.co.ke/paid", "AccountReference": "ORDER42",
    "TransactionDesc": "Order 42"}).json
first, second = query(pushed["CheckoutRequestID"]).json, query(pushed["CheckoutRequestID"]).json
same = [told(mine == sent) for mine, sent in zip(ids(first), ids(pushed))]
print(f"asked for the push: ResultCode {first['ResultCode']}, its CheckoutRequestID {same[0]}, "
      f"its MerchantRequestID {same[1]}")
print(f"asked for it again: the same ids as before {told(ids(first) == ids(second))}")
never = query("ws_CO_071020261435032708374149")
print(f"asked for a payment that never was: HTTP {never.status_code}, ResultCode {never.json['ResultCode']}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
