#!/usr/bin/env bash
# Finding: A helper that polls a transaction's status can see no end, since it looks at the acknowledgement.
#
# Package: mpesa-wrapper 1.0.0 (PyPI), Python 3.11; an adapter of `requests` that answers as Daraja does.
# Date: 2026-11-29
# Behaviour: poll_transaction_status asks until the answer has the ResultCode 0. The answer is the acknowledgement,
#   which has none. It asks seven times and returns the last acknowledgement.
# Documented: The status of a transaction is asynchronous: the answer has ResponseCode and identifiers, the result comes
#   to the ResultURL.
# For a merchant: Seven requests and seven results for each question, after a minute of waiting, and no answer.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | asked: 7
#   | returned: response_code 0, result_code None

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.19.post1 cffi==2.1.1 charset-normalizer==3.5.3 \
  cryptography==50.0.2 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 mpesa-wrapper==1.0.0 \
  pycparser==3.12 pydantic==2.14.4 pydantic_core==2.50.5 python-dotenv==1.2.4 requests==2.34.2 tenacity==9.2.1 \
  typing-inspection==0.4.5 typing_extensions==4.16.0 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import json
import logging

import requests

asked = []


def noted(self, request, **_):
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = 200, request, request.url
    if "oauth" in request.url:
        body = {"access_token": "token", "expires_in": "3599"}
    else:
        asked.append(request.url)
        body = {"OriginatorConversationID": "1236-7134259-1", "ConversationID": "AG_20261007_20105f3ac19be27d6040",
                "ResponseCode": "0", "ResponseDescription": "Accept the service request successfully."}
    answer._content = json.dumps(body).encode()
    return answer


requests.adapters.HTTPAdapter.send = noted
logging.disable(logging.CRITICAL)

from mpesa_wrapper.client import MpesaClient

HOOK = "https://shop.example.co.ke/result"
client = MpesaClient({"consumer_key": "key", "consumer_secret": "secret", "environment": "sandbox",
                      "base_url": "https://sandbox.safaricom.co.ke",
                      "auth_url": "https://sandbox.safaricom.co.ke/oauth/v1/generate", "shortcode": "600992", "initiator_name": "testapi",
                      "security_credential": "credential", "result_url": HOOK, "timeout_url": HOOK,
                      "queue_timeout_url": HOOK, "callback_url": HOOK})
last = client.poll_transaction_status("UJ74B7XW2K", interval=0)
print("asked:", len(asked))
print(f"returned: response_code {last.response_code}, result_code {getattr(last, 'result_code', None)}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
