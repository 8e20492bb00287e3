#!/usr/bin/env bash
# Finding: singularity-payments reports the status result of a declined payment as success, with receipt and amount.
#
# Package: singularity-payments 1.0.1 (PyPI), Python 3.11.
# Date: 2026-11-29
# Behaviour: is_success is the outer ResultCode, which says that the query was answered. TransactionStatus, the
#   answer itself, is not in what the parser returns.
# Documented: Read TransactionStatus: Completed, Cancelled, Declined, Expired, ... (transaction status page).
# For a merchant: A shop that settles doubtful payments by this parser gives goods away for declined and reversed
#   payments.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | Completed True 350.0 UJ7K4T9QWX None False
#   | Declined True 350.0 UJ7K4T9QWX None False

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


def result(status):
    parameters = {"DebitPartyName": "254711000111 - AMINA WANJIRU", "CreditPartyName": "600992 - Example Shop",
                  "InitiatedTime": 20261007143518, "FinalisedTime": 20261007143521, "TransactionStatus": status,
                  "Amount": 350, "ReceiptNo": "UJ7K4T9QWX"}
    items = [{"Key": key, "Value": value} for key, value in parameters.items()]
    return {"Result": {
        "ResultType": 0, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735530",
        "ConversationID": "AG_20261007_20305b90c6e17d2fa481", "TransactionID": "UJ70000000",
        "ResultParameters": {"ResultParameter": items}}}


for status in ("Completed", "Declined"):
    read = MpesaCallbackHandler().parse_transaction_status_callback(result(status)).model_dump()
    print(status, read["is_success"], read["amount"], read["receipt_no"], read["error_message"], status in read.values())
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
