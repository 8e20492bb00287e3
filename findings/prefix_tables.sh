#!/usr/bin/env bash
# Finding: Two clients refuse numbers of Safaricom, by tables of prefixes that are older than the numbers.
#
# Package: safaricom-mpesa-node 1.0.3 (npm), Node 18 or newer, and pydaraja 0.3.7 (PyPI), Python 3.11, held against
#   the table of networks of phonenumbers 9.0.43 (PyPI). Their own checks run; nothing is sent.
# Date: 2026-11-30
# Behaviour: Each prefix from 0100 to 0199 and from 0700 to 0799 is tried. Both clients take all of some blocks of ten
#   and none of others, so that they also take prefixes of other networks.
# Documented: A push and a payout take 2547xxxxxxxx and 2541xxxxxxxx. Ranges in use since August 2026 include 0118,
#   0119, 0140 to 0143 and 0180 to 0182. phonenumbers names the network of each range.
# For a merchant: These customers cannot pay, and these employees get no salary; nothing reaches Safaricom, so its
#   records show no failure.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | Safaricom's: 0110-0119 0140-0146 0180-0189 0700-0729 0740-0743 0745-0746 0748-0749 0757-0759 0768-0769 0790-0799
#   | safaricom-mpesa-node refuses of them: 0140-0146 0180-0189 0757-0759 0768-0769
#   | safaricom-mpesa-node takes of others: 0744 0747
#   | pydaraja refuses of them: 0116-0119 0140-0146 0180-0189
#   | pydaraja takes of others: 0744 0747

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps phonenumbers==9.0.43 pydaraja==0.3.7 requests==2.34.2 \
  certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 tenacity==9.2.1 python-dotenv==1.2.1 >&2 ||
  exit 2
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts safaricom-mpesa-node@1.0.3 >&2 || exit 2
cat >run.js <<'NODE'
const { Mpesa } = require('safaricom-mpesa-node')

const mpesa = new Mpesa({
  consumerKey: 'key', consumerSecret: 'secret', businessShortCode: '174379', passkey: 'passkey',
  environment: 'sandbox', callbackUrl: 'https://shop.example.co.ke/paid'
})
const sent = []
mpesa.httpClient.get = async () => ({ access_token: 'A'.repeat(28), expires_in: '3599' })
mpesa.httpClient.post = async (path, body) => { sent.push(body.PhoneNumber); return { ResponseCode: '0' } }

async function main () {
  for (const start of [100, 700]) {
    for (let prefix = start; prefix < start + 100; prefix++) {
      const phoneNumber = `0${prefix}000111`
      await mpesa.stkPush({ phoneNumber, amount: 350, accountReference: 'ORDER42' }).catch((error) => {
        if (error.name !== 'MpesaValidationError') throw error
      })
    }
  }
  console.log(sent.map((number) => '0' + number.slice(3, 6)).join(' '))
}
main()
NODE
node run.js >taken
env/bin/python - >seen 2>errors <<'PYTHON' || { cat errors >&2; exit 1; }
from pathlib import Path

import phonenumbers
from phonenumbers import carrier
from pydaraja.exceptions import InvalidPhoneNumberError
from pydaraja.utils import _validate_phone_number as validate

PREFIXES = [f"0{number}" for start in (100, 700) for number in range(start, start + 100)]


def network(prefix):
    number = phonenumbers.parse(prefix + "000111", "KE")
    return carrier.name_for_number(number, "en") if phonenumbers.is_valid_number(number) else ""


def taken_by_pydaraja(prefix):
    try:
        validate("254" + prefix[1:] + "000111")
    except InvalidPhoneNumberError:
        return False
    return True


def ranges(prefixes):
    parts = []
    for prefix in prefixes:
        if parts and int(prefix) == int(parts[-1][-1]) + 1:
            parts[-1].append(prefix)
        else:
            parts.append([prefix])
    return " ".join(part[0] if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts) or "none"


networks = {prefix: network(prefix) for prefix in PREFIXES}
safaricom = [prefix for prefix in PREFIXES if networks[prefix] == "Safaricom"]
print("Safaricom's:", ranges(safaricom))
for name, taken in (("safaricom-mpesa-node", Path("taken").read_text().split()),
                    ("pydaraja", [prefix for prefix in PREFIXES if taken_by_pydaraja(prefix)])):
    print(f"{name} refuses of them:", ranges([prefix for prefix in safaricom if prefix not in taken]))
    print(f"{name} takes of others:", ranges([prefix for prefix in taken if networks[prefix] not in ("", "Safaricom")]))
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
