#!/usr/bin/env bash
# Finding: A price written "Ksh.1,500" is read as 15 cents, without an error.
#
# Package: currency-formatter 1.5.9, accounting-js 2.0.3 (npm), Node 18 or newer; their function unformat.
# Date: 2026-11-30
# Behaviour: The full stop after the abbreviation is taken for the decimal point, and all digits come after it, also
#   when currency-formatter is told that the currency is KES. accounting-js takes the hyphen of "1,500/-" for a minus.
# Documented: Their pages show unformat for text with a symbol, such as "$10,000.00". Kenyan shops write a price as KES,
#   Ksh, Ksh. or with /= or /- behind it.
# For a merchant: A price list that is imported so sells for 15 cents what costs 1,500 shillings; rounded up to a whole
#   shilling, the prompt asks for 1.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | KES 1,500.00: currency-formatter 1500, accounting-js 1500
#   | Ksh 1,500: currency-formatter 1500, accounting-js 1500
#   | Ksh.1,500: currency-formatter 0.15, accounting-js 0.15
#   | Ksh. 1,500: currency-formatter 0.15, accounting-js 0.15
#   | 1,500/=: currency-formatter 1500, accounting-js 1500
#   | 1,500/-: currency-formatter 1500, accounting-js -1500

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts currency-formatter@1.5.9 \
  accounting-js@2.0.3 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const formatter = require('currency-formatter')
const accounting = require('accounting-js')

for (const price of ['KES 1,500.00', 'Ksh 1,500', 'Ksh.1,500', 'Ksh. 1,500', '1,500/=', '1,500/-']) {
  const read = [formatter.unformat(price, { code: 'KES' }), accounting.unformat(price)]
  console.log(`${price}: currency-formatter ${read[0]}, accounting-js ${read[1]}`)
}
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
