#!/usr/bin/env bash
# Finding: Three clients reverse with RecieverIdentifierType 4, one of them although its caller said 11.
#
# Package: mpesa-sdk 2.0.0 and umojasdk 0.1.1 (PyPI), mpesa-api 3.0.2 (npm); their HTTP functions are replaced by
#   recorders.
# Date: 2026-11-29
# Behaviour: umojasdk has no parameter for it, mpesa-sdk overwrites the caller's value, mpesa-api uses 4 unless told
#   otherwise.
# Documented: Reversal takes RecieverIdentifierType 11 (reversal page).
# For a merchant: Money that went to the wrong customer is not reversed; the acknowledgement or the result tells so,
#   days may pass before somebody reads it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-sdk, asked for 11, sends 4
#   | umojasdk, which cannot be asked, sends 4
#   | mpesa-api, not asked, sends 4

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-sdk==2.0.0 umojasdk==0.1.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 anyio==4.16.0 \
  typing_extensions==4.16.0 >&2 || exit 2
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesa-api@3.0.2 >&2 || exit 2
{
"$folder/env/bin/python" - <<'PYTHON'
import httpx
import requests
from mpesa_sdk import Mpesa
from umojasdk import MpesaConfig, UmojaMpesa


def record(name):
    def send(*_, json=None, **__):
        print(name, "sends", json["RecieverIdentifierType"])
        raise SystemExit
    return send


asked = {"Initiator": "testapi", "SecurityCredential": "credential", "TransactionID": "UJ7K4T9QWX", "Amount": 350,
         "ReceiverParty": "600992", "RecieverIdentifierType": "11", "Remarks": "wrong customer", "Occasion": "none",
         "ResultURL": "https://shop.example.co.ke/result", "QueueTimeOutURL": "https://shop.example.co.ke/timeout"}
requests.request = record("mpesa-sdk, asked for 11,")
try:
    Mpesa("token").reversal_request(asked)
except SystemExit:
    pass
httpx.post = record("umojasdk, which cannot be asked,")
client = UmojaMpesa(MpesaConfig("key", "secret", "600992", "passkey", "https://shop.example.co.ke/stk"))
client._get_token = lambda: "token"
try:
    client.reverse_transaction("UJ7K4T9QWX", 350, "testapi", "credential", asked["ResultURL"], asked["QueueTimeOutURL"])
except SystemExit:
    pass
PYTHON
NODE_PATH="$folder/node_modules" node - <<'JAVASCRIPT'
const { Mpesa } = require('mpesa-api')
const client = new Mpesa({ clientKey: 'key', clientSecret: 'secret', securityCredential: 'credential' }, 'sandbox')
client.authenticate = async () => 'token'
client.http.post = async (path, body) => {
  console.log('mpesa-api, not asked, sends', body.RecieverIdentifierType)
  return { data: {} }
}
client.reversal({
  Initiator: 'testapi', TransactionID: 'UJ7K4T9QWX', Amount: 350, ReceiverParty: '600992', Remarks: 'wrong customer',
  ResultURL: 'https://shop.example.co.ke/result', QueueTimeOutURL: 'https://shop.example.co.ke/timeout'
})
JAVASCRIPT
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
