#!/usr/bin/env bash
# Finding: Two clients correct Daraja's spelling in a reversal and lose the mandatory field; one of them sends no
#   Amount either.
#
# Package: mpesa-wrapper 1.0.0 (PyPI) and daraja 1.0.1 (npm); their HTTP functions are replaced by recorders.
# Date: 2026-11-29
# Behaviour: They send ReceiverIdentifierType. The documented key is RecieverIdentifierType, and unknown keys are
#   ignored.
# Documented: Corrected spelling is refused: 400.002.02 Bad Request - Invalid RecieverIdentifierType (reversal page,
#   misspelling included).
# For a merchant: No reversal made with these clients can succeed; a refund process that nobody tried in production
#   is found broken on the day it is needed.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | mpesa-wrapper: ['Amount', 'ReceiverIdentifierType']
#   | daraja (npm): ['ReceiverIdentifierType']

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-wrapper==1.0.0 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 \
  urllib3==2.8.0 pydantic==2.14.3 pydantic_core==2.50.4 annotated-types==0.8.0 \
  typing-inspection==0.4.5 typing_extensions==4.16.0 tenacity==9.2.1 python-dotenv==1.2.1 \
  cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 \
  anyio==4.16.0 >&2 || exit 2
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts daraja@1.0.1 >&2 || exit 2
{
"$folder/env/bin/python" - <<'PYTHON'
from mpesa_wrapper.endpoints import reversal as wrapper_reversal


def keys(body):
    return [key for key in sorted(body) if key == "Amount" or key.endswith("IdentifierType")]


class Recorded(Exception):
    pass


def recorder(name):
    def send(*_, json=None, **__):
        print(name, keys(json))
        raise Recorded
    return send


wrapper_reversal.post = recorder("mpesa-wrapper:")
auth = type("Auth", (), {"get_token": lambda self: "token"})()
config = {"base_url": "http://127.0.0.1:1", "initiator_name": "testapi", "security_credential": "credential",
          "shortcode": "600992", "timeout_url": "https://shop.example.co.ke/timeout",
          "result_url": "https://shop.example.co.ke/result"}
try:
    wrapper_reversal.reverse_transaction(auth, config, "UJ7K4T9QWX", 350)
except Recorded:
    pass
PYTHON
NODE_PATH="$folder/node_modules" node - <<'JAVASCRIPT'
const http = require('request-promise-native')
http.get = async () => ({ access_token: 'token', expires_in: '3599' })
http.post = async (url, options) => {
  const told = Object.keys(options.body).filter((key) => key === 'Amount' || key.endsWith('IdentifierType')).sort()
  console.log('daraja (npm):', JSON.stringify(told).replaceAll('"', "'").replaceAll(',', ', '))
  return {}
}
const api = require('daraja/dist/lib/api')
api.reversalRequest('sandbox', 'token', 'TransactionReversal', 600992, 11, 'wrong customer', 'testapi', 'credential',
  'https://shop.example.co.ke/timeout', 'https://shop.example.co.ke/result', 'UJ7K4T9QWX', 'none')
JAVASCRIPT
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
