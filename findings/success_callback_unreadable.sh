#!/usr/bin/env bash
# Finding: A client reads the callback of every failed payment, and of no successful one.
#
# Package: mpesa-wrapper 1.0.0 (PyPI), Python 3.11; its models of callbacks, as published.
# Date: 2026-11-29
# Behaviour: The field CallbackMetadata has the name of its own class, so that pydantic takes None as its only type.
#   A callback with metadata raises ValidationError.
# Documented: The callback of a success has CallbackMetadata, the one of a failure has not.
# For a merchant: Who tests with a cancelled prompt sees the parser work; the first payment that goes through is lost.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | cancelled: 1032
#   | paid: ValidationError at CallbackMetadata

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.19.post1 cffi==2.1.1 \
  charset-normalizer==3.5.3 cryptography==50.0.2 h11==0.16.0 httpcore==1.0.9 \
  httpx==0.28.1 idna==3.20 mpesa-wrapper==1.0.0 pycparser==3.12 pydantic==2.14.4 \
  pydantic-core==2.50.5 python-dotenv==1.2.4 requests==2.34.2 tenacity==9.2.1 \
  typing-extensions==4.16.0 typing-inspection==0.4.5 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from mpesa_wrapper.models.callbacks import MpesaCallbackPayload
from pydantic import ValidationError

IDS = {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
       "CheckoutRequestID": "ws_CO_071020261435032711000111"}
ITEMS = [{"Name": "Amount", "Value": 350}, {"Name": "MpesaReceiptNumber", "Value": "UJ7K4T9QWX"},
         {"Name": "TransactionDate", "Value": 20261007143521}, {"Name": "PhoneNumber", "Value": 254711000111}]
callbacks = {
    "cancelled": IDS | {"ResultCode": 1032, "ResultDesc": "Request cancelled by user"},
    "paid": IDS | {"ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
                   "CallbackMetadata": {"Item": ITEMS}},
}
for name, callback in callbacks.items():
    try:
        print(name + ":", MpesaCallbackPayload(Body={"stkCallback": callback}).get_stk_callback().ResultCode)
    except ValidationError as error:
        print(name + ": ValidationError at", error.errors()[0]["loc"][0])
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
