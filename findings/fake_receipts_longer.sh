#!/usr/bin/env bash
# Finding: niafaker's Kenyan transaction ids are no M-Pesa receipts: all have twelve characters and begin with QE.
#
# Package: niafaker 1.0.0 (PyPI), Python 3.11; a thousand ids of the locale of Kenya.
# Date: 2026-11-30
# Behaviour: Each id is QE and ten digits. The page of the package calls its data culturally accurate, and lists
#   transaction_id under mobile money.
# Documented: A receipt has 10 upper-case letters and digits. The first character is the year (Q is 2022, U is 2026),
#   the second the month (E is May), the third the day.
# For a merchant: Tests with such ids need a column of twelve characters and a check that lets no real receipt through;
#   a check written by the real form refuses the test data.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | of the form of a receipt: 0 of 1000
#   | lengths: 12
#   | begin with QE, May 2022: 1000 of 1000
#   | with a letter after the second character: 0 of 1000

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps niafaker==1.0.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import re

from niafaker import NiaFaker

fake = NiaFaker("ke")
ids = [fake.transaction_id() for _ in range(1000)]
receipts = [one for one in ids if re.fullmatch("[A-Z]{2}[1-9A-V][A-Z0-9]{7}", one)]
print("of the form of a receipt:", len(receipts), "of 1000")
print("lengths:", *sorted({len(one) for one in ids}))
print("begin with QE, May 2022:", sum(one.startswith("QE") for one in ids), "of 1000")
print("with a letter after the second character:", sum(not one[2:].isdigit() for one in ids), "of 1000")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
