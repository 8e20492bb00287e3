#!/usr/bin/env bash
# Finding: The balance is asked with the key of payouts, InitiatorName, and without Remarks.
#
# Package: safcom 0.1.0 (PyPI), Python 3.11; its client with an httpx stub that answers as Daraja does.
# Date: 2026-11-29
# Behaviour: Four documented keys are sent and two mandatory ones are missing. The refusal has an errorCode and no
#   ResponseCode; the client looks at ResponseCode only, raises nothing and returns empty identifiers.
# Documented: Account balance takes Initiator and Remarks; InitiatorName is a key of B2C.
# For a merchant: The balance is never told, and the call looks as if it had been accepted. A guard that waits for the
#   result before it pays out waits for ever.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | documented and missing: Initiator, Remarks
#   | sent and not documented: InitiatorName
#   | refused with 400.002.02, returned: AccountBalanceResponse '' ''

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  safcom==0.1.0 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import httpx
from safcom import Mpesa

DOCUMENTED = {"Initiator", "SecurityCredential", "CommandID", "PartyA", "IdentifierType", "Remarks", "QueueTimeOutURL",
              "ResultURL"}
sent = []


def get(url, **_):
    return httpx.Response(200, json={"access_token": "token", "expires_in": "3599"}, request=httpx.Request("GET", url))


def post(url, *, json, **_):
    sent.append(json)
    body = {"requestId": "11728-2929992-1", "errorCode": "400.002.02", "errorMessage": "Bad Request - Invalid Initiator"}
    return httpx.Response(400, json=body, request=httpx.Request("POST", url))


httpx.get, httpx.post = get, post
client = Mpesa("key", "secret", "passkey", "600992")
client.set_callback_url("https://shop.example.co.ke/result")
answer = client.account_balance(initiator_name="testapi", security_credential="credential")
keys = set(sent[0])
print("documented and missing:", ", ".join(sorted(DOCUMENTED - keys)))
print("sent and not documented:", ", ".join(sorted(keys - DOCUMENTED)))
print("refused with 400.002.02, returned:", type(answer).__name__, repr(answer.conversation_id), repr(answer.response_code))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
