#!/usr/bin/env bash
# Finding: mpesakit cannot read the result of a refund, a supplier payment or a tax payment that succeeded.
#
# Package: mpesakit 2.2.0 (PyPI), Python 3.11; its models of later results, as published; nothing is sent.
# Date: 2026-11-30
# Behaviour: Each value of the list must be a text, and the charges must have one; for a refund the ResultCode as well.
#   Live results have numbers, and raise ValidationError. What can be read is a failure whose code has letters.
# Documented: Results come out of an XML-to-JSON step: what looks like a number is one, and an element without text has
#   no Value. Samples of the documentation have texts, live results do not.
# For a merchant: Refunds and payments to suppliers go out and are never booked; who sends them again pays twice.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | refund made (ReversalResultCallback): ValidationError, at Result.ResultCode and 3 more
#   | refund refused, it was made before (ReversalResultCallback): read, successful False
#   | supplier paid (BusinessPayBillResultCallback): ValidationError, at ResultParameter.2.Value and 3 more
#   | supplier unknown (BusinessPayBillResultCallback): read, successful False
#   | tax paid (TaxRemittanceResultCallback): ValidationError, at ResultParameter.2.Value and 3 more

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesakit==2.2.0 annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 \
  cryptography==50.0.2 dnspython==2.8.0 email-validator==2.3.0 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 \
  pycparser==3.12 pydantic==2.14.3 pydantic_core==2.50.4 requests==2.34.2 tenacity==9.2.1 typing-inspection==0.4.5 \
  typing_extensions==4.16.0 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import importlib

from pydantic import ValidationError

WORDS = "The service request is processed successfully."
IDS = {"ResultType": 0, "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735550",
       "ConversationID": "AG_20261007_2010c7730f1be2d9405a", "TransactionID": "UJ752PAWR9"}
URL = {"Key": "QueueTimeoutURL", "Value": "https://internalsandbox.safaricom.co.ke/mpesa/results/v1/submit"}


def pairs(*values):
    keyed = [{"Key": key} if value is None else {"Key": key, "Value": value} for key, value in values]
    return {"ResultParameter": keyed}


refund = {"ResultCode": 0, "ResultDesc": WORDS, "ReferenceData": {"ReferenceItem": URL}, "ResultParameters": pairs(
    ("DebitAccountBalance", "Utility Account|KES|7722179.62|7722179.62|0.00|0.00"), ("Amount", 1.00),
    ("TransCompletedTime", 20261007152711), ("OriginalTransactionID", "UJ7K4T9QWX"), ("Charge", 0.00),
    ("CreditPartyPublicName", "254711000111 - AMINA WANJIRU"), ("DebitPartyPublicName", "600992 - Example Shop"))}
refused = {"ResultCode": "R000001", "ResultDesc": "The transaction has already been reversed.",
           "ReferenceData": {"ReferenceItem": URL}}
supplier = {"ResultCode": 0, "ResultDesc": WORDS, "ResultParameters": pairs(
    ("Currency", "KES"), ("ReceiverPartyPublicName", "600000 - Example Biller"), ("DebitPartyCharges", None),
    ("TransCompletedTime", 20261007150717),
    ("DebitPartyAffectedAccountBalance", "Working Account|KES|199979.00|199979.00|0.00|0.00"), ("Amount", 239)),
    "ReferenceData": {"ReferenceItem": [{"Key": "BillReferenceNumber", "Value": 353353}, URL]}}
unknown = {"ResultCode": "SFC_IC0003", "ResultDesc": "Receiver party is invalid"}
for name, module, model, result in (
    ("refund made", "reversal", "ReversalResultCallback", refund),
    ("refund refused, it was made before", "reversal", "ReversalResultCallback", refused),
    ("supplier paid", "business_paybill", "BusinessPayBillResultCallback", supplier),
    ("supplier unknown", "business_paybill", "BusinessPayBillResultCallback", unknown),
    ("tax paid", "tax_remittance", "TaxRemittanceResultCallback", supplier),
):
    reader = getattr(importlib.import_module(f"mpesakit.{module}.schemas"), model)
    try:
        read = reader.model_validate({"Result": IDS | result})
        told = f"read, successful {read.is_successful()}"
    except ValidationError as error:
        first = ".".join(str(part) for part in error.errors()[0]["loc"])
        first = first.removeprefix("Result.ResultParameters.")
        told = f"ValidationError, at {first} and {error.error_count() - 1} more"
    print(f"{name} ({model}): {told}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
