#!/usr/bin/env bash
# Finding: singularity-payments calls a balance result successful and returns no balance at all.
#
# Package: singularity-payments 1.0.1 (PyPI), Python 3.11.
# Date: 2026-11-29
# Behaviour: Its parser looks for the keys WorkingAccountAvailableFunds, AvailableBalance and BookedBalance. Daraja
#   sends one key, AccountBalance, with one text for all accounts.
# Documented: AccountBalance is "Working Account|KES|1200.00|1200.00|0.00|0.00&Utility Account|..." (account balance
#   page).
# For a merchant: A payout guard that checks the balance first sees None: it pays from an empty account, or never.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | True None None None None

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  singularity-payments==1.0.1 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 \
  certifi==2026.10.18 idna==3.20 typing_extensions==4.16.0 pydantic==2.14.3 pydantic_core==2.50.4 \
  annotated-types==0.8.0 typing-inspection==0.4.5 tenacity==9.2.1 cryptography==50.0.2 cffi==2.1.1 \
  pycparser==3.12 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from singularity_payments.utils.callback import MpesaCallbackHandler

ACCOUNTS = "Working Account|KES|1200.00|1200.00|0.00|0.00&Utility Account|KES|30672.50|30672.50|0.00|0.00"
RESULT = {"Result": {
    "ResultType": 0, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
    "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735540", "ConversationID": "AG_20261007_01002048k3wq0zt7m1b9",
    "TransactionID": "UJ70000000",
    "ResultParameters": {"ResultParameter": [{"Key": "AccountBalance", "Value": ACCOUNTS},
                                             {"Key": "BOCompletedTime", "Value": 20261007151147}]}}}
read = MpesaCallbackHandler().parse_account_balance_callback(RESULT)
print(read.is_success, read.working_balance, read.available_balance, read.booked_balance, read.error_message)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
