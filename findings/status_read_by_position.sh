#!/usr/bin/env bash
# Finding: koros-python-payments reads a transaction's status by position, and takes the shop for the payer.
#
# Package: koros-python-payments 1.0.5 (PyPI), Python 3.11; its reader, on an object made without the constructor, which
#   wants settings and a certificate.
# Date: 2026-11-29
# Behaviour: The second value is the sender, the first the receiver, the eleventh the amount. The names of the values
#   are not looked at, and neither is TransactionStatus.
# Documented: Values have keys: DebitPartyName pays, CreditPartyName is paid. Their order changes between products and
#   years; the list of keys has CreditPartyCharges and DebitPartyCharges, of which one is often missing.
# For a merchant: The shop itself is credited as the customer. With one value more the amount is a date: twenty trillion
#   shillings.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | of a live result: sender '600992 ', receiver '254711000111 - AMINA WANJIRU', amount 350, receipt UJ7K4T9QWX
#   | with both charges: sender '600992 ', receiver '254711000111 - AMINA WANJIRU', amount 20261007143521, receipt AG_20261007_2040f3d82a61c95b7e04

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps koros-python-payments==1.0.5 \
  python-dotenv==1.2.1 pycryptodome==4.4.0 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from mpesa.transaction_query import TransactionQuery

values = [
    {"Key": "DebitPartyName", "Value": "254711000111 - AMINA WANJIRU"}, {"Key": "CreditPartyName", "Value": "600992 - Example Shop"},
    {"Key": "OriginatorConversationID", "Value": "6a1d-4f02-b7c8-2e9d40f1a35c51204417"},
    {"Key": "InitiatedTime", "Value": 20261007143518}, {"Key": "CreditPartyCharges"},
    {"Key": "DebitAccountType", "Value": "MMF Account For Customer"}, {"Key": "TransactionReason"},
    {"Key": "ReasonType", "Value": "Pay Bill Online"}, {"Key": "TransactionStatus", "Value": "Completed"},
    {"Key": "FinalisedTime", "Value": 20261007143521}, {"Key": "Amount", "Value": 350},
    {"Key": "ConversationID", "Value": "AG_20261007_2040f3d82a61c95b7e04"}, {"Key": "ReceiptNo", "Value": "UJ7K4T9QWX"},
]
both = [*values[:5], {"Key": "DebitPartyCharges"}, *values[5:]]
reader = object.__new__(TransactionQuery)
for name, parameters in (("of a live result", values), ("with both charges", both)):
    found = reader.extract_response_details({"Result": {
        "ResultType": 0, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735530", "ConversationID": "AG_20261007_20305b90c6e17d2fa481",
        "TransactionID": "UJ70000000", "ResultParameters": {"ResultParameter": parameters}}})
    print(f"{name}: sender {found['sender_phone']!r}, receiver {found['receiver']!r}, amount {found['amount']}, receipt {found['ReceiptNo']}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
