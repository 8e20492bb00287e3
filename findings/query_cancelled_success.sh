#!/usr/bin/env bash
# Finding: mpesakit calls the query of a cancelled payment, and of one still in flight, successful.
#
# Package: mpesakit 2.2.0 (PyPI), Python 3.11.
# Date: 2026-11-29
# Behaviour: is_successful() of the query's answer reads ResponseCode, which says that the query was answered.
# Documented: The outcome of the payment is ResultCode: "0" paid, "1032" cancelled, "4999" still under way.
# For a merchant: A shop that polls instead of waiting for the callback delivers unpaid orders.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 0 True
#   | 1032 True
#   | 4999 True

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesakit==2.2.0 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 certifi==2026.10.18 \
  idna==3.20 typing_extensions==4.16.0 pydantic==2.14.3 pydantic_core==2.50.4 annotated-types==0.8.0 \
  typing-inspection==0.4.5 requests==2.34.2 charset-normalizer==3.5.2 urllib3==2.8.0 tenacity==9.2.1 \
  cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 email-validator==2.4.0 dnspython==2.9.2 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from mpesakit.mpesa_express.schemas import StkPushQueryResponse

for code, text in (("0", "The service request is processed successfully."), ("1032", "Request cancelled by user"),
                   ("4999", "The transaction is still under processing")):
    read = StkPushQueryResponse(
        ResponseCode="0", ResponseDescription="The service request has been accepted successsfully",
        MerchantRequestID="6a1d-4f02-b7c8-2e9d40f1a35c51204417", CheckoutRequestID="ws_CO_071020261435032708374149",
        ResultCode=code, ResultDesc=text)
    print(code, read.is_successful())
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
