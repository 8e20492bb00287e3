#!/usr/bin/env bash
# Finding: The idempotency key of one airtime payment is sent with all later ones, and a list of receivers works once.
#
# Package: africastalking 2.0.3 (PyPI), Python 3.11, Africa's Talking's own client; what it would send is noted, and
#   answered as a success.
# Date: 2026-11-30
# Behaviour: Airtime.send keeps idempotency_key in the headers of the service. A later call without one sends the key of
#   the call before. The amount of each receiver is rewritten in the caller's own list and the currency taken out, so
#   that the same list cannot be sent again.
# Documented: Idempotency-Key names one request. A second one with the same key counts as the first repeated, and sends
#   nothing.
# For a merchant: Cashback or a refund by airtime: after one call with a key the next customers get nothing. A payout to
#   many that timed out ends in a ValueError when it is repeated.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | no key given: +254711000111 KES 50, Idempotency-Key none
#   | key refund-1001: +254722000222 KES 70, Idempotency-Key refund-1001
#   | no key given: +254733000333 KES 90, Idempotency-Key refund-1001
#   | no key given: +254744000444 KES 10, Idempotency-Key refund-1001
#   | a list, sent: the caller's list is now [{'phoneNumber': '+254755000555', 'amount': 'KES 20'}]
#   | the same list, sent again: ValueError

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps africastalking==2.0.3 schema==0.7.8 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" -W ignore - >"$folder/seen" <<'PYTHON'
import json
import urllib.parse

import africastalking
import requests


def noted(self, request, **_):
    to = json.loads(urllib.parse.parse_qs(request.body)["recipients"][0])[0]
    sent.append(f"{to['phoneNumber']} {to['amount']}, Idempotency-Key {request.headers.get('Idempotency-Key', 'none')}")
    answer = requests.Response()
    answer.status_code, answer._content = 201, json.dumps({"numSent": 1, "errorMessage": "None"}).encode()
    answer.headers["content-type"] = "application/json"
    return answer


sent = []
requests.adapters.HTTPAdapter.send = noted
africastalking.initialize("shop", "key")
airtime = africastalking.Airtime
for phone, amount, key in (("+254711000111", "50", None), ("+254722000222", "70", "refund-1001"),
                           ("+254733000333", "90", None), ("+254744000444", "10", None)):
    airtime.send(phone, amount, "KES", **({"idempotency_key": key} if key else {}))
    print(f"key {key}:" if key else "no key given:", sent[-1])
receivers = [{"phoneNumber": "+254755000555", "amount": "20", "currency_code": "KES"}]
airtime.send(recipients=receivers)
print("a list, sent: the caller's list is now", receivers)
try:
    airtime.send(recipients=receivers)
    print("the same list, sent again: accepted")
except ValueError as error:
    print("the same list, sent again:", type(error).__name__)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
