"""Published clients, unpatched apart from their base URL, run every operation that they have.

What a faithful simulator must refuse stands in the table with its reason; everything else must succeed, and the
own parser of the client must read our message.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from environments import RegistryUnreachable, node_environment, python_environment
from tayari_control.process import SimulatorProcess

pytestmark = pytest.mark.registry

DRIVERS = Path(__file__).parent / "drivers"
_PHONES = count(254_733_000_100)
"""Each journey has a phone of its own: the same amount twice within two minutes is limited."""
PASSWORD = "Safaricom999!*!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One published client: its driver, what must be refused, and what its parser cannot read."""

    name: str
    driver: str
    operations: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Operation and a part of the refusal: the client sends what Daraja does not take."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Operation and a part of what its own parser raises about a faithful message."""


INITIATOR_APIS = frozenset({"b2c", "b2b_paybill", "balance", "status", "reversal"})
CLIENTS = (
    Client(
        name="mpesakit",
        driver="operations_mpesakit.py",
        operations=INITIATOR_APIS | {
            "token", "stk_push", "stk_query", "c2b_register", "b2b_buygoods", "b2b_topup", "tax", "qr", "b2b_express",
            "ratiba", "bill_opt_in", "bill_invoice", "bill_cancel",
        },
        unread={
            "b2c": "Result.ResultParameters",
            "b2b_paybill": "B2BExpressCheckoutCallback",
            "b2b_buygoods": "B2BExpressCheckoutCallback",
            "tax": "DebitPartyCharges",
            "status": "Result.ResultParameters",
            "reversal": "Result.ResultCode",
            "ratiba": "ResponseHeader",
        },
    ),
    Client(
        name="daraja-sdk-py",
        driver="operations_daraja_sdk_py.py",
        operations=INITIATOR_APIS | {
            "token", "stk_push", "c2b_register", "c2b_simulate", "b2pochi", "b2b_buygoods", "b2b_topup", "qr",
            "pull_register", "pull_query", "b2b_express", "organisation", "imsi", "swap", "bill_opt_in", "ratiba",
        },
    ),
    Client(
        name="mpesa-node",
        driver="operations_mpesa_node.js",
        operations=INITIATOR_APIS | {"token", "stk_push", "c2b_register", "c2b_simulate", "b2b"},
        refused={"b2b": "Invalid CommandID"},
    ),
)  # fmt: skip


def rows_of(client: Client, simulator: SimulatorProcess, folder: Path, not_proven: dict[str, str]) -> Any:
    """What came of each operation, by its name."""
    try:
        if client.driver.endswith(".js"):
            words, environment = ["node"], {"NODE_ENVIRONMENT": str(node_environment(client.name))}
        else:
            words, environment = [str(python_environment(client.name))], {}
    except RegistryUnreachable as unreachable:
        not_proven[client.name] = str(unreachable)
        pytest.skip(f"registry unreachable: {unreachable}")
    certificate = requests.get(simulator.ready["certificate_url"], timeout=10).text
    (folder / "daraja.pem").write_text(certificate)
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    environment |= {
        "PATH": os.environ["PATH"],
        "DARAJA_URL": simulator.daraja_url,
        "CONSUMER_KEY": simulator.ready["consumer_key"],
        "CONSUMER_SECRET": simulator.ready["consumer_secret"],
        "PASSKEY": simulator.ready["passkey"],
        "SECURITY_CREDENTIAL": base64.b64encode(key.encrypt(PASSWORD.encode(), padding.PKCS1v15())).decode(),
        "CERTIFICATE": str(folder / "daraja.pem"),
        "PHONE": str(next(_PHONES)),
    }
    command = [*words, str(DRIVERS / client.driver)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_real_client_runs_all_its_operations(
    client: Client, simulator: SimulatorProcess, tmp_path: Path, not_proven: dict[str, str]
) -> None:
    rows = rows_of(client, simulator, tmp_path, not_proven)

    assert set(rows) == set(client.operations)
    for name, row in rows.items():
        if name in client.refused:
            assert client.refused[name] in row["raised"], (name, row)
            continue
        assert "raised" not in row, (name, row)
        if "message" in row:
            assert row["message"] is not None, f"{name}: no message came"
            assert succeeded(row["message"]), (name, row["message"])
        if name in client.unread:
            assert client.unread[name] in row["parse_raised"], (name, row)
        else:
            assert "parse_raised" not in row, (name, row)


def succeeded(message: Any) -> bool:
    """Whether a later message, of whichever API, tells of a success."""
    if "Result" in message:
        return str(message["Result"]["ResultCode"]) == "0"
    if "Body" in message:
        return str(message["Body"]["stkCallback"]["ResultCode"]) == "0"
    if "ResponseHeader" in message or "responseHeader" in message:
        return True
    return bool(message.get("TransID")) or str(message.get("resultCode")) == "0"
