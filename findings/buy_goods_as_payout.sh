#!/usr/bin/env bash
# Finding: pesa-gateway sends the payment of a till to the API of payouts, with a key that has a blank.
#
# Package: pesa-gateway 0.0.16 (PyPI), Python 3.11; its function that sends is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: business_buy_goods posts to the path of B2C. The command is under "Command ID", and RecieverIdentifierType
#   is 4.
# Documented: Business Buy Goods is POST /mpesa/b2b/v1/paymentrequest with CommandID. "Command ID" is a typing error of
#   the documentation; no wire key has a blank. Production wants 2 for a till.
# For a merchant: No supplier with a till can be paid: the API of payouts finds no CommandID and no InitiatorName.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | business_to_business_payment: /mpesa/b2b/v1/paymentrequest, CommandID 'BusinessPayBill'
#   | business_buy_goods: /mpesa/b2c/v1/paymentrequest, Command ID 'BusinessBuyGoods'

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pesa-gateway==0.0.16 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from urllib.parse import urlsplit

from mpesa import client as module
from mpesa.config import MpesaConfig

sent = []


def keep(method, url, **more):
    sent.append((urlsplit(url).path, more.get("json")))
    return {"status_code": 200, "response": {"access_token": "token", "expires_in": "3599"}}


module.Utility.make_request = keep
client = module.MpesaClient(MpesaConfig("key", "secret", "600992", "passkey", "https://shop.example.co.ke/stk"))
payment = {"initiator": "testapi", "security_credential": "credential", "amount": 239, "party_a": "600992",
           "party_b": "600000", "account_reference": "353353", "requester": "254711000111", "remarks": "Stock",
           "queue_timeout_url": "https://shop.example.co.ke/timeout", "result_url": "https://shop.example.co.ke/result",
           "occassion": ""}
for name in ("business_to_business_payment", "business_buy_goods"):
    getattr(client, name)(payment)
    path, body = sent[-1]
    command = next(key for key in body if key.lower().startswith("command"))
    print(f"{name}: {path}, {command} {body[command]!r}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
