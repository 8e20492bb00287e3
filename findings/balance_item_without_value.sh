#!/usr/bin/env bash
# Finding: A success callback that has the item Balance without a value cannot be read.
#
# Package: singularity-payments 1.0.1 (PyPI), Python 3.11; its reader of callbacks, as published.
# Date: 2026-11-29
# Behaviour: Every item must have a Value; the whole callback raises ValidationError.
# Documented: Nothing; nearly every callback captured between 2017 and August 2024 has {"Name": "Balance"}.
# For a merchant: If Safaricom sends the item again, every paid order stays open from that hour on.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | without Balance: True
#   | with Balance: ValidationError

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.19.post1 cffi==2.1.1 \
  cryptography==50.0.2 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 \
  pycparser==3.12 pydantic==2.14.4 pydantic-core==2.50.5 singularity-payments==1.0.1 \
  tenacity==9.2.1 typing-extensions==4.16.0 typing-inspection==0.4.5 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from singularity_payments.utils.callback import MpesaCallbackHandler

ITEMS = [{"Name": "Amount", "Value": 350}, {"Name": "MpesaReceiptNumber", "Value": "UJ7K4T9QWX"},
         {"Name": "TransactionDate", "Value": 20261007143521}, {"Name": "PhoneNumber", "Value": 254711000111}]
for name, items in (("without Balance", ITEMS), ("with Balance", [*ITEMS[:2], {"Name": "Balance"}, *ITEMS[2:]])):
    inner = {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
             "CheckoutRequestID": "ws_CO_071020261435032711000111", "ResultCode": 0,
             "ResultDesc": "The service request is processed successfully.", "CallbackMetadata": {"Item": items}}
    try:
        print(name + ":", MpesaCallbackHandler().parse_callback({"Body": {"stkCallback": inner}}).is_success)
    except Exception as error:
        print(name + ":", type(error).__name__)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
