#!/usr/bin/env bash
# Finding: A statement as CSV is read with day and month exchanged, and what cannot be exchanged is left out.
#
# Package: mobile-money-analyzer 0.2.0 with pandas 3.1.1 (PyPI), Python 3.11; its reader of statements.
# Date: 2026-11-30
# Behaviour: 07-10-2026 is read as the tenth of July and 13-10-2026 not at all, which is a warning about one row. With
#   the newest payment first, the same rows are read as they are meant: the first one decides for all.
# Documented: Its list of the formats that providers use has 07-10-2026 as day, month, year, and its own function for
#   one date reads it so. The reader of CSV does not call that function.
# For a merchant: Takings are put into the wrong month, and are too low: a bookkeeper looks for payments that are there.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | one date by itself: 2026-10-07
#   | oldest first: 2026-07-10 350.00, 2026-08-10 100.00; takings 450.00
#   |   1 row(s) were discarded because the date or amount could not be read.
#   | newest first: 2026-10-07 350.00, 2026-10-08 100.00, 2026-10-13 500.00; takings 950.00

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mobile-money-analyzer==0.2.0 pandas==3.1.1 \
  numpy==2.4.6 python-dateutil==2.9.0.post0 six==1.17.0 tzdata==2026.6 pdfplumber==0.11.10 pdfminer.six==20260107 \
  pillow==13.0.0 pypdfium2==5.15.2 charset-normalizer==3.5.2 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 \
  >&2 || exit 2
"$folder/env/bin/python" -W ignore - "$folder" >"$folder/seen" <<'PYTHON'
import sys
from pathlib import Path

from mobile_money import parse_statement
from mobile_money.parsers.base import to_datetime

HEADER = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance"
ROWS = (
    "UJ7K4T9QWX,07-10-2026 14:35:21,Pay Bill from 254711000111,Completed,350.00,,350.00",
    "UJ8K4T9QWY,08-10-2026 09:12:40,Pay Bill from 254711000112,Completed,100.00,,450.00",
    "UJDK4T9QWZ,13-10-2026 17:03:05,Pay Bill from 254711000113,Completed,500.00,,950.00",
)
print("one date by itself:", to_datetime("07-10-2026 14:35:21").date())
for name, rows in (("oldest first", ROWS), ("newest first", ROWS[::-1])):
    path = Path(sys.argv[1]) / "statement.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    statement = parse_statement(path)
    read = statement.transactions
    rows_read = ", ".join(f"{when.date()} {paid:.2f}" for when, paid in zip(read["completion_time"], read["paid_in"]))
    print(f"{name}: {rows_read}; takings {read['paid_in'].sum():.2f}")
    for warning in statement.warnings:
        print(" ", warning.split(" Totals")[0])
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
