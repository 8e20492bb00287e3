#!/usr/bin/env bash
# Finding: Two packages give codes of Daraja another meaning than Daraja does.
#
# Package: paylod 0.10.1, daraja-mock 1.0.5 (PyPI), Python 3.11; the table of paylod, and the query of the mock through
#   Flask's test client.
# Date: 2026-11-29
# Behaviour: paylod makes a limit of the customer of 2028, and a wrong phone number of 400.008.02, whatever the words of
#   Daraja say. daraja-mock answers 1001 with the words of 2001.
# Documented: 2028 is a receiver or transaction type that the short code may not use, 400.008.02 a wrong grant type,
#   1001 a prompt that is already open on the phone. A wrong PIN is 2001.
# For a merchant: A set-up with the wrong till tells each customer to try a smaller amount. A shop tested with the mock
#   reads a busy phone as a wrong PIN.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | paylod, 2028: Payment amount exceeds the M-Pesa limit; This amount is over your M-Pesa limit. Try a smaller amount.
#   | Daraja: The request is not permitted according to product assignment.
#   | paylod, 400.008.02: Invalid phone number; That phone number looks invalid. Please check it and try again.
#   | Daraja: Invalid grant type passed
#   | daraja-mock, 1001: The initiator information is invalid.
#   | Daraja: Unable to lock subscriber, a transaction is already in process for the current subscriber

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps paylod==0.10.1 daraja-mock==1.0.5 \
  anyio==4.16.0 blinker==1.9.0 certifi==2026.10.18 click==8.5.1 flask==3.1.3 h11==0.16.0 httpcore==1.0.9 \
  httpx==0.28.1 idna==3.20 itsdangerous==2.2.0 jinja2==3.1.6 markupsafe==3.0.3 typing_extensions==4.16.0 \
  werkzeug==3.1.8 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import paylod
from daraja_mock import DarajaMock

for code, family, words in (("2028", "stk_result", "The request is not permitted according to product assignment."),
                            ("400.008.02", "api_error", "Invalid grant type passed")):
    decoded = paylod.decode_daraja_result(code, words, family=family)
    print(f"paylod, {code}: {decoded.title}; {decoded.customer_message}")
    print("Daraja:", words)
mock = DarajaMock()
mock.set_stk_result(1001)
query = {"CheckoutRequestID": "ws_CO_071020261435032711000111"}
print("daraja-mock, 1001:", mock.app.test_client().post("/mpesa/stkpushquery/v1/query", json=query).json["ResultDesc"])
print("Daraja: Unable to lock subscriber, a transaction is already in process for the current subscriber")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
