#!/usr/bin/env bash
# Finding: Two clients call the current balance available, and one of them calls the available balance uncleared.
#
# Package: daraja-sdk-py 2.0.0, mpesa-daraja-mcp 0.1.4 (PyPI), Python 3.11; their own parsers read a result, nothing is
#   sent.
# Date: 2026-11-30
# Behaviour: Of the six columns of an account the third is stored as available by both. The first stores the fourth as
#   unclearedFunds; the second has the others in a list without names.
# Documented: An account reads name, currency, current, available, reserved, uncleared; live results repeat the current
#   balance in the fourth column where nothing is reserved.
# For a merchant: A guard that asks "is there enough for the salaries" counts reserved money as available, and a report
#   shows all available money as not cleared.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | current 30672.50, available 20000.00, reserved 10672.50, uncleared 0.00
#   | availableBalance 30672.50
#   | unclearedFunds 20000.00
#   | reservedFunds 10672.50
#   | mpesa-daraja-mcp: available 30672.50

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 cffi==2.1.1 cryptography==50.0.2 daraja-sdk-py==2.0.0 \
  mpesa-daraja-mcp==0.1.4 h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 opentelemetry-api==1.45.2 \
  pycparser==3.12 pydantic==2.14.3 pydantic_core==2.50.4 typing-inspection==0.4.5 \
  typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from daraja.services import AccountBalanceService
from mpesa_mcp.helpers import parse_account_balance

account = "Utility Account|KES|30672.50|20000.00|10672.50|0.00"
_, _, current, available, reserved, uncleared = account.split("|")
print(f"current {current}, available {available}, reserved {reserved}, uncleared {uncleared}")
read = AccountBalanceService.parse_balance_string(account).utilityAccount
for name in ("availableBalance", "unclearedFunds", "reservedFunds"):
    print(name, f"{float(getattr(read, name)):.2f}")
print("mpesa-daraja-mcp: available", f"{parse_account_balance(account)[0]['available']:.2f}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
