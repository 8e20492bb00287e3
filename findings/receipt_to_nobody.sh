#!/usr/bin/env bash
# Finding: kenya-sms keeps the zero of a number that is typed "+254 0712 ...", and tells that the receipt was sent.
#
# Package: kenya-sms 1.0.1 (PyPI), Python 3.11; its sandbox, in which nothing is sent.
# Date: 2026-11-30
# Behaviour: A number that begins with a plus is kept as it is: thirteen digits, called valid, and the message to it a
#   success. The function normalise_phone of its page, which returns 254712345678 without a plus, is not in it.
# Documented: Its page: phone normalised automatically; Kenyan users type numbers in several forms. A Kenyan mobile
#   number is 254 and nine digits.
# For a merchant: Customers who choose +254 from a list and type their number as always get no receipt, and the report
#   says that they did.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 0712 345 678: sent to +254712345678, Success
#   | +254 0712 345 678: sent to +2540712345678, Success
#   | normalise_phone of its page: not in the package

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps kenya-sms==1.0.1 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import kenya_sms
from kenya_sms.client import KenyaSMS

sms = KenyaSMS(username="sandbox", api_key="key")
for typed in ("0712 345 678", "+254 0712 345 678"):
    sent = sms.send(typed, "Payment received").results[0]
    print(f"{typed}: sent to {sent.phone}, {sent.status}")
found = "in the package" if hasattr(kenya_sms, "normalise_phone") else "not in the package"
print(f"normalise_phone of its page: {found}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
