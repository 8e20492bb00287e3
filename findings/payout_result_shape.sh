#!/usr/bin/env bash
# Finding: mpesa-wrapper cannot read any result of a payout that Daraja sends.
#
# Package: mpesa-wrapper 1.0.0 (PyPI), Python 3.11.
# Date: 2026-11-29
# Behaviour: get_b2c_callback() looks for Body.Result and finds nothing in a real result; its model B2CCallback
#   wants Item with Name where Daraja sends ResultParameter with Key.
# Documented: The result of B2C is an object Result at the top, with ResultParameters.ResultParameter, a list of Key
#   and Value.
# For a merchant: A successful payout is never confirmed by this client; a failed one reads as None, without any
#   error.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | get_b2c_callback: None
#   | B2CCallback: Field required ResultParameters.Item

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-wrapper==1.0.0 pydantic==2.14.3 pydantic_core==2.50.4 annotated-types==0.8.0 \
  typing-inspection==0.4.5 typing_extensions==4.16.0 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 \
  anyio==4.16.0 tenacity==9.2.1 python-dotenv==1.2.1 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from mpesa_wrapper.models.callbacks import B2CCallback, MpesaCallbackPayload
from pydantic import ValidationError

SUCCESS = {"Result": {
    "ResultType": 0, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
    "OriginatorConversationID": "payout-000017-3f9c", "ConversationID": "AG_20261007_20105f3ac19be27d6041",
    "TransactionID": "UJ74B7XW2K",
    "ResultParameters": {"ResultParameter": [{"Key": "TransactionAmount", "Value": 250},
                                             {"Key": "TransactionReceipt", "Value": "UJ74B7XW2K"}]}}}
print("get_b2c_callback:", MpesaCallbackPayload(**SUCCESS).get_b2c_callback())
try:
    print(B2CCallback(**SUCCESS["Result"]))
except ValidationError as error:
    print("B2CCallback:", error.errors()[0]["msg"], ".".join(map(str, error.errors()[0]["loc"])))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
