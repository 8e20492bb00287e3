#!/usr/bin/env bash
# Finding: paylod calls the answer "that payout was accepted before" safe to charge again.
#
# Package: paylod 0.10.1 (PyPI), Python 3.11; its decoder, which works offline.
# Date: 2026-11-29
# Behaviour: 500.002.1001 is "Service temporarily unavailable / under maintenance", retryable True, whatever the
#   message.
# Documented: 500.002.1001 with "Duplicate OriginatorConversationID." answers a B2C id that is used: the first request
#   was accepted. Its page: "retryable means SAFE TO CHARGE AGAIN"; gate the retry button on it.
# For a merchant: A payout whose answer was lost is sent again, Daraja says "Duplicate", the table says try again, and
#   with a new id the customer is paid twice.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | Duplicate OriginatorConversationID.: retryable True, Service temporarily unavailable / under maintenance
#   | its words for the customer: M-Pesa is temporarily unavailable. Please try again shortly.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps paylod==0.10.1 anyio==4.16.0 \
  certifi==2026.10.18 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import paylod

message = "Duplicate OriginatorConversationID."
decoded = paylod.decode_daraja_result("500.002.1001", message, family="api_error")
print(f"{message}: retryable {decoded.retryable}, {decoded.title}")
print("its words for the customer:", decoded.customer_message)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
