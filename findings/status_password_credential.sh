#!/usr/bin/env bash
# Finding: A transaction status is asked with the password of the push in the place of the security credential.
#
# Package: daraja-mpesa 1.2.1 (PyPI), Python 3.11; `requests` of its module is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: SecurityCredential is base64(short code + passkey + time), and there is no argument for a credential.
# Documented: The initiator's password under the certificate of the environment, 344 characters. Anything else is
#   taken by the gateway, and its result is 2001.
# For a merchant: No status of a payment is ever told: every query is accepted, and each result is a failure.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | SecurityCredential: 174379passkey and a time of 14 digits

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  daraja-mpesa==1.2.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import base64
import re

from mpesa.api import auth, transaction_status


class Answer:
    def __init__(self, body):
        self.body = body

    def json(self):
        return self.body


class Recorder:
    auth = auth.requests.auth

    def get(self, *_, **__):
        return Answer({"access_token": "token", "expires_in": "3599"})

    def post(self, url, headers, json, **_):
        text = base64.b64decode(json["SecurityCredential"]).decode()
        print("SecurityCredential:", re.sub("[0-9]{14}$", " and a time of 14 digits", text))
        return Answer({})


auth.requests = transaction_status.requests = Recorder()
client = transaction_status.TransactionStatus(env="sandbox", app_key="key", app_secret="secret")
client.check_transaction_status(
    party_a="174379", identifier_type="4", remarks="Status", initiator="testapi", passcode="passkey",
    result_url="https://shop.example.co.ke/result", queue_timeout_url="https://shop.example.co.ke/timeout",
    transaction_id="UJ7K4T9QWX", occassion="OK", shortcode="174379")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
