#!/usr/bin/env bash
# Finding: In production the client calls the web site of Safaricom, not the API.
#
# Package: mpesa-py 1.0 (PyPI), Python 3.11; `requests` is given an adapter that notes the URL and sends nothing.
# Date: 2026-11-29
# Behaviour: With env "production" the token is asked at safaricom.co.ke. It is the default of live_url, which all
#   payments use.
# Documented: The production host of the API is api.safaricom.co.ke.
# For a merchant: All tests in the sandbox pass, and on the day of the launch no call works. The key and the secret of
#   production go to another host.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | sandbox: GET https://sandbox.safaricom.co.ke/oauth/v1/generate
#   | production: GET https://safaricom.co.ke/oauth/v1/generate

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-py==1.0 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import requests
from mpesa.api.auth import MpesaBase

calls = []


def noted(self, request, **_):
    calls.append(f"{request.method} {request.url.partition('?')[0]}")
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps({"access_token": "token", "ResponseCode": "0"}).encode()
    return answer


requests.adapters.HTTPAdapter.send = noted
MpesaBase(env="sandbox", app_key="key", app_secret="secret").authenticate()
print("sandbox:", calls.pop())
MpesaBase(env="production", app_key="key", app_secret="secret").authenticate()
for call in calls:
    print("production:", call)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
