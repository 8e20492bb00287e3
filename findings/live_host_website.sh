#!/usr/bin/env bash
# Finding: In production two clients call the web site of Safaricom, not the API.
#
# Package: mpesa-py 1.0, mpesasync 1.0.0 (PyPI), Python 3.11; `requests` and httpx are given functions that note the URL
#   and send nothing.
# Date: 2026-11-29
# Behaviour: With the environment "production" the token is asked at safaricom.co.ke. All payments use the same host.
# Documented: The production host of the API is api.safaricom.co.ke.
# For a merchant: All tests in the sandbox pass, and on the day of the launch no call works. The key and the secret of
#   production go to another host.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-py, sandbox: GET https://sandbox.safaricom.co.ke/oauth/v1/generate
#   | mpesa-py, production: GET https://safaricom.co.ke/oauth/v1/generate
#   | mpesasync, sandbox: GET https://sandbox.safaricom.co.ke/oauth/v1/generate
#   | mpesasync, production: GET https://safaricom.co.ke/oauth/v1/generate

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
print("mpesa-py, sandbox:", calls.pop())
MpesaBase(env="production", app_key="key", app_secret="secret").authenticate()
for call in calls:
    print("mpesa-py, production:", call)
PYTHON
python3 -m venv "$folder/sync"
"$folder/sync/bin/pip" install -qq --disable-pip-version-check --no-deps mpesasync==1.0.0 anyio==3.7.1 \
  certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 cryptography==36.0.2 h11==0.12.0 httpcore==0.13.7 \
  httpx==0.19.0 idna==3.20 pycparser==3.12 pydantic==1.10.27 rfc3986==1.5.0 sniffio==1.3.1 typing_extensions==4.16.0 \
  ujson==5.13.0 >&2 || exit 2
"$folder/sync/bin/python" - >>"$folder/seen" <<'PYTHON'
import asyncio

import httpx
from mpesasync import Mpesa, MpesaEnvironment

calls = []


async def noted(self, url, **_):
    calls.append(f"GET {url.partition('?')[0]}")
    return httpx.Response(200, json={"access_token": "token", "expires_in": "3599"})


httpx.AsyncClient.get = noted
for environment in MpesaEnvironment:
    asyncio.run(Mpesa(Environment=environment).authorize("key", "secret"))
    print(f"mpesasync, {environment.value}:", calls.pop())
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
