#!/usr/bin/env bash
# Finding: A registration and a simulated payment that Daraja accepts raise, because Daraja's answer is misspelt.
#
# Package: singularity-payments 1.0.1 (PyPI), Python 3.11; the models of its answers, as published.
# Date: 2026-11-29
# Behaviour: Its models demand OriginatorConversationID, and of the registration ResultDescription. The call raises
#   after it was made.
# Documented: Both answers of C2B have OriginatorCoversationID (so spelt) and ResponseDescription.
# For a merchant: The set-up of C2B seems to fail, though the URLs are registered and money is confirmed to them.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | registration: missing OriginatorConversationID, ResultDescription
#   | simulation: missing OriginatorConversationID

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
from pydantic import ValidationError
from singularity_payments.types.mpesa import C2BRegisterResponse, C2BSimulateResponse

IDENTIFIER = {"OriginatorCoversationID": "2b94-4e6a-8d13-71a0c5ef9b082204518"}
answers = {
    "registration": (C2BRegisterResponse, IDENTIFIER | {"ResponseCode": "0", "ResponseDescription": "Success"}),
    "simulation": (C2BSimulateResponse, IDENTIFIER | {
        "ConversationID": "AG_20261007_20101a9c77de40b2f356",
        "ResponseDescription": "Accept the service request successfully."}),
}
for name, (model, answer) in answers.items():
    try:
        model(**answer)
        print(name + ": read")
    except ValidationError as error:
        print(name + ": missing", ", ".join(sorted(str(row["loc"][0]) for row in error.errors())))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
