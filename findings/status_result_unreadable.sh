#!/usr/bin/env bash
# Finding: Two clients can ask what became of a payment, and cannot read the answer that it was completed.
#
# Package: mpesakit 2.2.0, singularity-payments 1.0.1 (PyPI), Python 3.11; their models of the later result;
#   nothing is sent.
# Date: 2026-11-30
# Behaviour: mpesakit wants the parameters to be the list itself, without the object ResultParameter around it.
#   singularity-payments wants a Value in each, which CreditPartyCharges and TransactionReason do not have where there
#   are no charges and no reason. The whole result raises ValidationError.
# Documented: ResultParameters holds ResultParameter, which holds the list. In live results an element without text has
#   no Value: {"Key": "CreditPartyCharges"}.
# For a merchant: The order whose callback was lost is looked up, the answer says Completed, and the order stays open.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesakit, completed: ValidationError at Result.ResultParameters
#   | mpesakit, with empty texts: ValidationError at Result.ResultParameters
#   | mpesakit, with empty texts, as a bare list: read
#   | singularity-payments, completed: ValidationError at ResultParameter.4.Value, ResultParameter.6.Value
#   | singularity-payments, with empty texts: read
#   | singularity-payments, with empty texts, as a bare list: ValidationError at Result.ResultParameters

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesakit==2.2.0 singularity-payments==1.0.1 annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 cffi==2.1.1 \
  charset-normalizer==3.5.2 cryptography==50.0.2 dnspython==2.8.0 email-validator==2.3.0 h11==0.16.0 httpcore==1.0.9 \
  httpx==0.28.1 idna==3.20 pycparser==3.12 pydantic==2.14.3 pydantic_core==2.50.4 python-dotenv==1.2.1 \
  requests==2.34.2 tenacity==9.2.1 typing-inspection==0.4.5 typing_extensions==4.16.0 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from mpesakit.transaction_status.schemas import TransactionStatusResultCallback
from pydantic import ValidationError
from singularity_payments.types.mpesa import TransactionStatusCallback

IDS = {"ResultType": 0, "OriginatorConversationID": "4c1e-4d0b-9a57-6be0f2c41d7735530",
       "ConversationID": "AG_20261007_20305b90c6e17d2fa481", "TransactionID": "UJ70000000"}
PARAMETERS = [
    {"Key": "DebitPartyName", "Value": "254711000111 - AMINA WANJIRU"},
    {"Key": "CreditPartyName", "Value": "600992 - Example Shop"},
    {"Key": "OriginatorConversationID", "Value": "6a1d-4f02-b7c8-2e9d40f1a35c51204417"},
    {"Key": "InitiatedTime", "Value": 20261007143518}, {"Key": "CreditPartyCharges"},
    {"Key": "DebitAccountType", "Value": "MMF Account For Customer"}, {"Key": "TransactionReason"},
    {"Key": "ReasonType", "Value": "Pay Bill Online"}, {"Key": "TransactionStatus", "Value": "Completed"},
    {"Key": "FinalisedTime", "Value": 20261007143521}, {"Key": "Amount", "Value": 1},
    {"Key": "ConversationID", "Value": "AG_20261007_2040f3d82a61c95b7e04"}, {"Key": "ReceiptNo", "Value": "UJ7K4T9QWX"},
]
FILLED = [one if "Value" in one else one | {"Value": ""} for one in PARAMETERS]
OCCASION = {"ReferenceItem": {"Key": "Occasion", "Value": "OK"}}


def result(parameters, bare=False):
    return {"Result": IDS | {"ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
                             "ResultParameters": parameters if bare else {"ResultParameter": parameters},
                             "ReferenceData": OCCASION}}


def told(model, body):
    try:
        model.model_validate(body)
    except ValidationError as error:
        places = [".".join(str(part) for part in one["loc"][-3:]) for one in error.errors()]
        return f"ValidationError at {', '.join(dict.fromkeys(places))}"
    return "read"


for name, model in (("mpesakit", TransactionStatusResultCallback), ("singularity-payments", TransactionStatusCallback)):
    print(f"{name}, completed: {told(model, result(PARAMETERS))}")
    print(f"{name}, with empty texts: {told(model, result(FILLED))}")
    print(f"{name}, with empty texts, as a bare list: {told(model, result(FILLED, bare=True))}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
