#!/usr/bin/env bash
# Finding: The masked numbers of two customers become one phone number, which is neither's.
#
# Package: phonenumbers 9.0.43 (PyPI), Python 3.11; google-libphonenumber 3.2.47 and libphonenumber-js 1.13.16 (npm),
#   Node 18 or newer.
# Date: 2026-11-30
# Behaviour: The first two read through the stars: what is left of "2547 ***** 126" is a possible number of seven
#   digits, +2542547126, without an error. Only their is_valid says no. libphonenumber-js finds no number.
# Documented: C2B confirmations of v2 mask MSISDN as "2547 ***** 126"; one library tells of 254708***430 in callbacks of
#   pushes. Which digits are behind the stars is not sent.
# For a merchant: Who finds the customer by the parsed number credits the payment of one to another. There are only a
#   thousand such numbers for all customers whose number begins with 07.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | phonenumbers, Amina, 254711000126, sent as 2547 ***** 126: +2542547126, possible True, valid False
#   | phonenumbers, Brian, 254722333126, sent as 2547 ***** 126: +2542547126, possible True, valid False
#   | phonenumbers, Chao, 254708374430, sent as 254708***430: +254254708430, possible True, valid False
#   | google-libphonenumber, sent as 2547 ***** 126: +2542547126, possible true, valid false
#   | libphonenumber-js, sent as 2547 ***** 126: undefined
#   | google-libphonenumber, sent as 254708***430: +254254708430, possible true, valid false
#   | libphonenumber-js, sent as 254708***430: undefined

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps phonenumbers==9.0.43 >&2 || exit 2
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts google-libphonenumber@3.2.47 libphonenumber-js@1.13.16 >&2 ||
  exit 2
cat >run.py <<'PYTHON'
import phonenumbers

for customer, sent in (("Amina, 254711000126", "2547 ***** 126"), ("Brian, 254722333126", "2547 ***** 126"),
                       ("Chao, 254708374430", "254708***430")):
    read = phonenumbers.parse(sent, "KE")
    number = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    possible, valid = phonenumbers.is_possible_number(read), phonenumbers.is_valid_number(read)
    print(f"phonenumbers, {customer}, sent as {sent}: {number}, possible {possible}, valid {valid}")
PYTHON
cat >run.js <<'NODE'
const { PhoneNumberFormat, PhoneNumberUtil } = require('google-libphonenumber')
const { parsePhoneNumberFromString } = require('libphonenumber-js')

const google = PhoneNumberUtil.getInstance()
for (const sent of ['2547 ***** 126', '254708***430']) {
  const read = google.parse(sent, 'KE')
  console.log(`google-libphonenumber, sent as ${sent}: ${google.format(read, PhoneNumberFormat.E164)}, ` +
    `possible ${google.isPossibleNumber(read)}, valid ${google.isValidNumber(read)}`)
  console.log(`libphonenumber-js, sent as ${sent}: ${parsePhoneNumberFromString(sent, 'KE')}`)
}
NODE
{ env/bin/python run.py; node run.js; } >seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
