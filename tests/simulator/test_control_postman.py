"""The collection for Postman: a request for each endpoint, which the simulator takes as the collection sends it."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from running_simulator import running
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.config import SANDBOX_PASSKEY

REFUSED = {"stk_query": "Invalid CheckoutRequestID"}
"""A query in the first two seconds after its push is refused so."""


PAYOUT = {
    "OriginatorConversationID": "payout-1", "InitiatorName": "testapi", "SecurityCredential": b64encode(b"x").decode(),
    "CommandID": "BusinessPayment", "Amount": 250, "PartyA": "600992", "PartyB": "254708374149", "Remarks": "wages",
    "Occassion": "", "QueueTimeOutURL": "https://shop.example/late", "ResultURL": "https://shop.example/result",
}  # fmt: skip


def sent(item: Any, variables: dict[str, str]) -> requests.Response:
    """The request as Postman sends it: variables filled in, the token of the collection."""

    def filled(text: str) -> str:
        return re.sub(r"\{\{(\$?\w+)\}\}", lambda found: variables.get(found[1]) or str(uuid4()), text)

    request = item["request"]
    auth = request.get("auth")
    name, secret = (filled(row["value"]) for row in auth["basic"]) if auth else ("", "")
    pair = (name, secret) if auth else None
    headers = {row["key"]: row["value"] for row in request.get("header", ())}
    if pair is None:
        headers["Authorization"] = f"Bearer {variables['access_token']}"
    body = filled(request["body"]["raw"]) if "body" in request else None
    return requests.request(
        request["method"], filled(request["url"]), data=body, headers=headers, auth=pair, timeout=20
    )  # fmt: skip


def test_every_request_of_the_collection_is_taken() -> None:
    with running() as server:
        made = requests.get(f"{server.control_url}/v1/postman.json", timeout=20).json()
        variables = {row["key"]: row["value"] for row in made["variable"]}
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 3 * 3600))
        variables |= {"timestamp": stamp, "day": stamp[:8], "today": f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"}
        variables["password"] = b64encode(f"{variables['short_code']}{SANDBOX_PASSKEY}{stamp}".encode()).decode()
        answers = {}
        for row, item in zip(ENDPOINTS, made["item"], strict=True):
            answer = sent(item, variables)
            answers[row.name, row.path] = (answer.status_code, answer.text[:150])
            if row.name == "oauth":
                variables["access_token"] = answer.json()["access_token"]
            if row.name == "stk_push":
                variables["checkout_request_id"] = answer.json()["CheckoutRequestID"]

    refused = {name: text for (name, _), (status, text) in answers.items() if status != 200}
    assert refused.keys() == REFUSED.keys(), "\n".join(f"{name}: {text}" for name, text in refused.items())
    assert REFUSED["stk_query"] in refused["stk_query"]


def test_a_passkey_and_a_key_pair_of_ones_own_are_not_in_it() -> None:
    with running(passkey="secret-passkey", consumer_key="mine", consumer_secret="hidden") as server:
        text = requests.get(f"{server.control_url}/v1/postman.json", timeout=20).text

    assert [word for word in ("secret-passkey", "mine", "hidden") if f'"{word}"' in text] == []


@pytest.mark.parametrize("path", ["/v1/certificate", "/v1/postman.json", "/mpesa/b2c/v3/paymentrequest"])
def test_the_key_of_credentials_is_made_beside_the_event_loop(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes up to 0.1 s, in which callbacks would stand still."""
    real, loops = rsa.generate_private_key, list[asyncio.AbstractEventLoop | None]()

    def noting(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
        loops.append(asyncio._get_running_loop())
        return real(public_exponent, key_size)

    monkeypatch.setattr(rsa, "generate_private_key", noting)
    with running(state_folder=tmp_path) as server:
        if path.startswith("/v1"):
            answer = requests.get(f"{server.control_url}{path}", timeout=20)
        else:
            headers = {"Authorization": f"Bearer {server.token()}"}
            answer = requests.post(f"{server.daraja_url}{path}", json=PAYOUT, headers=headers, timeout=20)

    assert (answer.status_code, loops) == (200, [None])
