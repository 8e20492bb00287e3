"""Published clients, unpatched apart from their base URL, against the simulator: token, push, callback, query."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from environments import RegistryUnreachable, command_of
from tayari_control.client import ControlClient
from tayari_control.process import SimulatorProcess

pytestmark = pytest.mark.registry

DRIVERS = Path(__file__).parent / "drivers"
_MSISDNS = count(254_722_000_100)
CODES: tuple[int | str, ...] = (0, 1032, "SFC_IC0003")
"""Paid, cancelled, and a code that is no number: each client goes through all three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One published client and what it can do."""

    name: str
    driver: str
    queries: bool = True
    parses: bool = False
    """It has a parser of its own for callbacks."""
    reads_text_codes: bool = True
    """Its parser takes a ResultCode that is a string."""
    pushes_when_ack_is_lost: int = 1
    """How many prompts the customer gets when the gateway answers the push with 504 after Daraja took it."""


CLIENTS = (
    Client(name="mpesakit", driver="mpesakit_client.py", parses=True),
    Client(name="django-daraja", driver="django_daraja_client.py", queries=False, parses=True),
    Client(
        name="daraja-sdk-py",
        driver="daraja_sdk_py_client.py",
        parses=True,
        reads_text_codes=False,
        pushes_when_ack_is_lost=2,
    ),
    Client(name="mpesa-node", driver="mpesa_node.js"),
    Client(name="daraja", driver="daraja_node.js"),
)


def command(client: Client, not_proven: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """How the driver is run in the client's own environment; built first if need be."""
    try:
        return command_of(client.name, DRIVERS / client.driver)
    except RegistryUnreachable as unreachable:
        not_proven[client.name] = str(unreachable)
        pytest.skip(f"registry unreachable: {unreachable}")


def travel(client: Client, simulator: SimulatorProcess, msisdns: list[str], not_proven: dict[str, str]) -> Any:
    """Run the driver for these numbers; what it printed."""
    words, environment = command(client, not_proven)
    ready = simulator.ready
    settings = {
        "DARAJA_URL": simulator.daraja_url,
        "CONSUMER_KEY": ready["consumer_key"],
        "CONSUMER_SECRET": ready["consumer_secret"],
        "SHORT_CODE": ready["short_code"],
        "PASSKEY": ready["passkey"],
    }
    environment |= {**settings, "PATH": os.environ["PATH"], "PYTHONPATH": str(DRIVERS)}
    done = subprocess.run([*words, *msisdns], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def numbers(control: ControlClient) -> list[str]:
    """A number for each of `CODES`, its next payment told to end that way."""
    msisdns = [str(next(_MSISDNS)) for _ in CODES]
    for msisdn, code in zip(msisdns, CODES, strict=True):
        control.play_next({"outcome": {"result_code": code, "after_s": 0.2}}, msisdn=msisdn)
    return msisdns


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_real_client_pays_is_called_back_and_queries(
    client: Client, simulator: SimulatorProcess, control: ControlClient, not_proven: dict[str, str]
) -> None:
    msisdns = numbers(control)

    told = travel(client, simulator, msisdns, not_proven)

    assert re.fullmatch("[A-Za-z0-9]{28}", told["token"]["answer"])
    for msisdn, code, payment in zip(msisdns, CODES, told["payments"], strict=True):
        pushed = payment["push"]["answer"]
        assert pushed["checkout_request_id"].startswith("ws_CO_")
        assert str(pushed.get("response_code", "0")) == "0"
        assert payment["raw"]["Body"]["stkCallback"]["ResultCode"] == code
        if client.parses:
            parsed_as_it_should_be(client, payment["callback"], code, msisdn)
        if client.queries:
            assert str(payment["query"]["answer"]["result_code"]) == str(code)
        (seen,) = control.payments(msisdn=msisdn)
        assert seen["checkout_request_id"] == pushed["checkout_request_id"]
        assert [callback["status"] for callback in seen["callbacks"]] == [200]


def parsed_as_it_should_be(client: Client, callback: dict[str, Any], code: int | str, msisdn: str) -> None:
    """The client's own parser read the callback, unless it is known not to."""
    if isinstance(code, str) and not client.reads_text_codes:
        assert "ResultCode" in callback["raised"]
        return
    parsed = callback["answer"]
    assert parsed["result_code"] == code
    if code == 0:
        assert float(parsed["amount"]) == 350.0
        assert re.fullmatch("[A-Z0-9]{10}", parsed["receipt"])
        assert str(parsed["msisdn"]) == msisdn
    else:
        assert parsed.get("receipt") is None


def test_python_daraja_sends_a_form_and_is_refused_for_it(
    simulator: SimulatorProcess, control: ControlClient, not_proven: dict[str, str]
) -> None:
    """It labels a form-encoded body as JSON. The reference has such bodies refused; nothing of a payment may exist."""
    msisdn = str(next(_MSISDNS))
    client = Client(name="python-daraja", driver="python_daraja_client.py")

    told = travel(client, simulator, [msisdn], not_proven)

    assert re.fullmatch("[A-Za-z0-9]{28}", told["token"]["answer"])
    assert told["payments"][0]["push"]["answer"]["errorCode"].startswith("400.002.0")
    assert control.payments(msisdn=msisdn) == []


as_documented = pytest.mark.parametrize("simulator", [{}], ids=["documented"], indirect=True)


@as_documented
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_real_client_that_loses_the_acknowledgement(
    client: Client, simulator: SimulatorProcess, control: ControlClient, not_proven: dict[str, str]
) -> None:
    """Daraja has no idempotency: a client that repeats the push asks the customer to pay twice."""
    msisdn = str(next(_MSISDNS))
    control.play_next({"outcome": {"after_s": 0.1}, "faults": [{"ack_lost": {"status": 504}}]}, msisdn=msisdn)

    travel(client, simulator, [msisdn], not_proven)

    assert len(control.payments(msisdn=msisdn)) == client.pushes_when_ack_is_lost


@as_documented
def test_mpesakit_calls_the_query_of_a_cancelled_payment_successful(
    simulator: SimulatorProcess, control: ControlClient, not_proven: dict[str, str]
) -> None:
    """Its `is_successful` of a query reads ResponseCode, which only says that the query was answered."""
    (mpesakit,) = (client for client in CLIENTS if client.name == "mpesakit")

    told = travel(mpesakit, simulator, numbers(control), not_proven)

    queried = [payment["query"]["answer"] for payment in told["payments"]]
    assert [(answer["result_code"], answer["successful"]) for answer in queried] == [
        ("0", True),
        ("1032", True),
        ("SFC_IC0003", True),
    ]


@as_documented
def test_mpesakit_sends_the_passkey_along(
    simulator: SimulatorProcess, control: ControlClient, not_proven: dict[str, str]
) -> None:
    """The secret that the password is made from travels beside it, in push and query."""
    msisdn = numbers(control)[0]
    (mpesakit,) = (client for client in CLIENTS if client.name == "mpesakit")

    travel(mpesakit, simulator, [msisdn], not_proven)

    entries = control.journal(msisdn=msisdn)["entries"]
    sent = {entry["endpoint"]: entry["request"]["body"] for entry in entries if entry["kind"] == "request"}
    assert all('"Passkey"' in sent[endpoint] for endpoint in ("stk_push", "stk_query"))
