#!/usr/bin/env bash
# Finding: paylod reads a failure whose code has letters as a payment in progress, and sends the customer to the phone.
#
# Package: paylod 0.10.1 (PyPI), Python 3.11; its decoder and its classifier, which work offline.
# Date: 2026-11-29
# Behaviour: A push's code that is no number is "pending", with the words "Check your phone and enter your M-Pesa PIN";
#   the advice for the shop is to keep polling.
# Documented: SFC_IC0003 (no such till) and E3008 are final results of a push, in callback and query. In flight is 4999,
#   or an error.
# For a merchant: A wrong till number, the shop's own mistake, never shows as an error: each customer waits for a prompt
#   that is not there, and the shop polls without an end.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1032 Request Cancelled by user.: failed; Payment cancelled by the customer
#   | SFC_IC0003 The operator does not exist.: pending; Payment still in progress
#   | E3008 Error, the user has a bad debt contract.: pending; Payment still in progress
#   | its words for the customer: Check your phone and enter your M-Pesa PIN to complete this payment.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps paylod==0.10.1 anyio==4.16.0 \
  certifi==2026.10.18 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import paylod

for code, description in ((1032, "Request Cancelled by user."), ("SFC_IC0003", "The operator does not exist."),
                          ("E3008", "Error, the user has a bad debt contract.")):
    decoded = paylod.decode_error(code, description)
    print(f"{code} {description}: {paylod.classify_stk_result(code, description)}; {decoded.title}")
print("its words for the customer:", decoded.customer_message)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
