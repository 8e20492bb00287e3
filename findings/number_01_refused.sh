#!/usr/bin/env bash
# Finding: daraja-sdk-py refuses every customer whose number begins with 01, and names the form that the number has.
#
# Package: daraja-sdk-py 2.0.0 (PyPI), Python 3.11; its client, whose check comes before anything is sent.
# Date: 2026-11-29
# Behaviour: Push, payout, simulation and Pochi want 2547 and eight digits. The error says "must be in 254XXXXXXXXX
#   format".
# Documented: PartyA, PartyB and PhoneNumber are 2547xxxxxxxx or 2541xxxxxxxx; Safaricom gives out 0110 to 0119 and
#   more.
# For a merchant: These customers cannot pay and cannot be paid. The message sends the developer to look for a plus or a
#   blank.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | push to 254711000111: sent
#   | push to 254110000111: ValidationError: Invalid PhoneNumber: must be in 254XXXXXXXXX format, got 254110000111
#   | push to 254140000111: ValidationError: Invalid PhoneNumber: must be in 254XXXXXXXXX format, got 254140000111
#   | payout to 254711000111: sent
#   | payout to 254110000111: ValidationError: Invalid PartyB: must be in 254XXXXXXXXX format, got 254110000111
#   | payout to 254140000111: ValidationError: Invalid PartyB: must be in 254XXXXXXXXX format, got 254140000111

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  annotated-types==0.8.0 anyio==4.16.0 certifi==2026.10.18 cffi==2.1.1 cryptography==50.0.2 daraja-sdk-py==2.0.0 \
  h11==0.16.0 httpcore==1.0.9 httpx==0.28.1 idna==3.20 opentelemetry-api==1.45.2 pycparser==3.12 pydantic==2.14.3 \
  pydantic_core==2.50.4 typing-inspection==0.4.5 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
from daraja import MpesaConfig
from daraja.services import B2CService, STKPushService

config = MpesaConfig(consumer_key="key", consumer_secret="secret", environment="sandbox", passkey="passkey",
                     initiator_name="testapi", security_credential="credential")
accepted = {"ResponseCode": "0", "ResponseDescription": "Success. Request accepted for processing",
            "CustomerMessage": "Success. Request accepted for processing", "MerchantRequestID": "6a1d-1",
            "CheckoutRequestID": "ws_CO_1", "ConversationID": "AG_1", "OriginatorConversationID": "payout-17"}
push = STKPushService(lambda *_: accepted, config).initiate
pay = B2CService(lambda *_: accepted, config).send
order = {"BusinessShortCode": "174379", "TransactionType": "CustomerPayBillOnline", "Amount": 350, "PartyA": 254711000111,
         "PartyB": "174379", "CallBackURL": "https://shop.example.co.ke/stk", "AccountReference": "ORDER42",
         "TransactionDesc": "Shirt"}
salary = {"OriginatorConversationID": "payout-17", "InitiatorName": "testapi", "SecurityCredential": "credential",
          "CommandID": "BusinessPayment", "Amount": 250, "PartyA": "600992", "Remarks": "Salary",
          "QueueTimeOutURL": "https://shop.example.co.ke/timeout", "ResultURL": "https://shop.example.co.ke/result",
          "Occassion": ""}
for name, call, request, key in (("push", push, order, "PhoneNumber"), ("payout", pay, salary, "PartyB")):
    for number in (254711000111, 254110000111, 254140000111):
        try:
            call({**request, key: number})
            said = "sent"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        print(f"{name} to {number}: {said}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
