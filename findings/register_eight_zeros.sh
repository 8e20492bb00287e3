#!/usr/bin/env bash
# Finding: mpesa-sdk raises an error for a C2B registration that succeeded with ResponseCode "00000000".
#
# Package: mpesa-sdk 2.0.0 (PyPI), Python 3.11; requests.request is replaced by documented answers.
# Date: 2026-11-29
# Behaviour: Only 0 and "0" count as success, for every API. The registration with eight zeros is raised as
#   MpesaAPIError.
# Documented: Seen as success: "0", no code at all, and "00000000" (C2B register).
# For a merchant: The URLs are registered, the shop believes that they are not. In production a second attempt is
#   refused with 500.003.1001, so the shop never gets out of it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 0 registered
#   | None registered
#   | 00000000 raises MpesaAPIError: Success

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-sdk==2.0.0 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 \
  urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json

import requests
from mpesa_sdk import Mpesa, MpesaError

ANSWERS = (
    {"OriginatorCoversationID": "2b94-4e6a-8d13-71a0c5ef9b082204518", "ResponseCode": "0", "ResponseDescription": "Success"},
    {"OriginatorCoversationID": "", "ConversationID": "", "ResponseDescription": "success"},
    {"OriginatorCoversationID": "2b94-4e6a-8d13-71a0c5ef9b082204519", "ResponseCode": "00000000",
     "ResponseDescription": "Success"},
)
URLS = {"ShortCode": "600984", "ResponseType": "Completed", "ConfirmationURL": "https://shop.example.co.ke/c2b/confirm",
        "ValidationURL": "https://shop.example.co.ke/c2b/validate"}
for answer in ANSWERS:
    response = requests.Response()
    response.status_code = 200
    response._content = json.dumps(answer).encode()
    requests.request = lambda *_, response=response, **__: response
    try:
        Mpesa("token").c2b_register_url(URLS)
        print(answer.get("ResponseCode"), "registered")
    except MpesaError as error:
        print(answer.get("ResponseCode"), "raises", type(error).__name__ + ":", error)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
