"""An STK push and a status query as a merchant sends them, to a simulator that runs."""

from base64 import b64encode
from typing import Any

import requests
from tayari_control.simulator_process import SimulatorProcess

MSISDN = "254711000101"
STAMP = "20261007143517"


def push(simulator: SimulatorProcess, callback_url: str, **changes: Any) -> requests.Response:
    """One push of KES 100 by `MSISDN`, with a token of its own; `changes` are fields of the body."""
    body = {
        "TransactionType": "CustomerPayBillOnline", "Amount": 100, "PartyA": MSISDN,
        "PartyB": simulator.ready["short_code"], "PhoneNumber": MSISDN, "CallBackURL": callback_url,
        "AccountReference": "INV1", "TransactionDesc": "Shoes", **changes,
    }  # fmt: skip
    return _call(simulator, "/mpesa/stkpush/v1/processrequest", body)


def query(simulator: SimulatorProcess, checkout_request_id: str) -> requests.Response:
    """One status query, with a token of its own."""
    return _call(simulator, "/mpesa/stkpushquery/v1/query", {"CheckoutRequestID": checkout_request_id})


def _call(simulator: SimulatorProcess, path: str, body: dict[str, Any]) -> requests.Response:
    token = requests.get(
        f"{simulator.daraja_url}/oauth/v1/generate?grant_type=client_credentials", auth=("key", "secret"), timeout=5
    ).json()["access_token"]
    code, passkey = simulator.ready["short_code"], simulator.ready["passkey"]
    signed = {
        "BusinessShortCode": code, "Password": b64encode(f"{code}{passkey}{STAMP}".encode()).decode(),
        "Timestamp": STAMP, **body,
    }  # fmt: skip
    return requests.post(
        f"{simulator.daraja_url}{path}", json=signed, headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
