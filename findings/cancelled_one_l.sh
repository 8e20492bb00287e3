#!/usr/bin/env bash
# Finding: mpesa-connect's value for "refuse the payment if the shop does not answer" is no value of Daraja.
#
# Package: mpesa-connect 0.1.4 (PyPI), Python 3.11; what it would send is noted, and answered as Daraja answers: a
#   ResponseType that it does not know is refused.
# Date: 2026-11-30
# Behaviour: The enumeration ResponseType has COMPLETED, "Completed", and CANCELED, "Canceled" with one l. Both are sent
#   as they are. No exception is raised for the refusal; the answer lies in the attributes of the returned object.
# Documented: ResponseType is exactly "Completed" or "Cancelled".
# For a merchant: Who wants unvalidated payments refused cannot register at all. Who then takes the other member is
#   registered, and each payment goes through while the shop is down, also for accounts that do not exist.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | COMPLETED: sent as "Completed", HTTP 200, response_code 00000000
#   | CANCELED: sent as "Canceled", HTTP 400, error_message Bad Request - Invalid ResponseType
#   | members: CANCELED, COMPLETED

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mpesa-connect==0.1.4 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import requests
from mpesa_connect.app import App
from mpesa_connect.c2b import C2B
from mpesa_connect.enums import ResponseType

sent = []


def noted(self, request, **_):
    sent.append(json.loads(request.body)["ResponseType"])
    if sent[-1] in ("Completed", "Cancelled"):
        status, body = 200, {"OriginatorCoversationID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
                             "ResponseCode": "00000000", "ResponseDescription": "Success"}
    else:
        status, body = 400, {"requestId": "6a1d-4f02-b7c8-2e9d40f1a35c51204417", "errorCode": "400.002.02",
                             "errorMessage": "Bad Request - Invalid ResponseType"}
    answer = requests.Response()
    answer.status_code, answer._content = status, json.dumps(body).encode()
    return answer


requests.adapters.HTTPAdapter.send = noted
client = C2B(App.create_sandbox(consumer_key="key", consumer_secret="secret"), access_token="token")
for member in (ResponseType.COMPLETED, ResponseType.CANCELED):
    made = client.register_url(short_code=600984, validation_url="https://shop.example.co.ke/v",
                               confirmation_url="https://shop.example.co.ke/c", response_type=member)
    said = next(name for name in ("error_message", "response_code") if hasattr(made, name))
    print(f'{member.name}: sent as "{sent[-1]}", HTTP {made.response.status_code}, {said} {getattr(made, said)}')
print("members:", ", ".join(sorted(member.name for member in ResponseType)))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
