"""`daraja.organisations`: from the target file to a simulator that knows their balances, initiators and roles."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from tayari_control.client import ControlClient
from tayari_control.simulator_process import SimulatorOptions, SimulatorProcess, start_simulator
from tayari_simulator.server.organisation_argument import INITIATOR_COMMANDS, GivenInitiator, GivenOrganisation
from tayari_simulator.strict_reading import keys_of
from tayari_target.resources import target_schema
from tayari_target.target_file import TargetError, load_target
from tayari_target.target_file.target_model import Target

TARGET = """\
merchant:
  name: duka
  base_url: http://127.0.0.1:8000
  pay: {request: "POST /pay", form: {phone: "{msisdn}", amount: "{amount}"}}
daraja:
  organisations:
    - short_code: 512345
      name: Duka Payouts
      utility: 700
      initiators:
        - {name: payroll, password: "env:PAYROLL_PASSWORD", commands: [BusinessPayment]}
        - {name: salaries, password: "a{b}c", commands: SalaryPayment}
        - {name: old, password: Old-Secret-1, expired: true}
    - {short_code: "512346", active: false}
"""


def load(tmp_path: Path, text: str) -> Target:
    path = tmp_path / "tayari.yaml"
    path.write_text(text)
    return load_target(path, {"PAYROLL_PASSWORD": "Pay-Secret-1"})


def results(process: SimulatorProcess, asked: list[tuple[str, str]]) -> list[Any]:
    """The result codes of payouts of 600, one for each initiator and password."""
    pem = requests.get(process.ready["certificate_url"], timeout=5).text
    key = load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    base, control = process.daraja_url, ControlClient(process.control_url)
    url = f"{base}/oauth/v1/generate?grant_type=client_credentials"
    token = requests.get(url, auth=("key", "secret"), timeout=5).json()["access_token"]
    found = []
    for number, (name, password) in enumerate(asked):
        sealed = base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()
        body = {
            "OriginatorConversationID": f"id-{number}", "InitiatorName": name, "SecurityCredential": sealed,
            "CommandID": "BusinessPayment", "Amount": 600, "PartyA": "512345", "PartyB": "254711000111",
            "Remarks": "Wages", "QueueTimeOutURL": "http://127.0.0.1:9/t", "ResultURL": "http://127.0.0.1:9/r",
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(f"{base}/mpesa/b2c/v3/paymentrequest", json=body, headers=headers, timeout=5)
        assert answer.json()["ResponseCode"] == "0", answer.text
        control.advance(by_s=30)
        found.append(control.payments(msisdn="254711000111")[-1]["result_code"])
    return found


def test_the_simulator_plays_the_organisations_of_the_target_file(tmp_path: Path) -> None:
    target = load(tmp_path, TARGET)
    options = SimulatorOptions(clock="manual", account=target.daraja)
    with start_simulator(options) as process:
        asked = [("salaries", "a{b}c"), ("old", "Old-Secret-1"), ("nobody", "x"), ("payroll", "Pay-Secret-1")]
        codes = results(process, [*asked, ("payroll", "Pay-Secret-1")])
        listed = requests.get(f"{process.control_url}/v1/organisations", timeout=5).json()["organisations"]

    assert codes == [21, 2001, 2001, 0, 1]
    rows = {row["short_code"]: row for row in listed}
    assert rows["512345"]["name"] == "Duka Payouts"
    assert rows["512346"]["active"] is False


def test_passwords_are_secrets_and_travel_by_environment(tmp_path: Path) -> None:
    target = load(tmp_path, TARGET)
    options = SimulatorOptions(account=target.daraja)

    assert {"Pay-Secret-1", "a{b}c", "Old-Secret-1"} <= target.secrets
    assert not any("Secret" in word for word in options.arguments())
    assert "Pay-Secret-1" in options.environment({})["TAYARI_ORGANISATIONS"]
    assert "TAYARI_ORGANISATIONS" not in SimulatorOptions().environment({"TAYARI_ORGANISATIONS": "[]"})


def test_the_schema_has_the_keys_and_commands_of_the_simulators_reader() -> None:
    definitions = json.loads(target_schema())["$defs"]
    initiator = definitions["initiator"]["properties"]

    assert tuple(definitions["organisation"]["properties"]) == keys_of(GivenOrganisation)
    assert set(initiator) == set(GivenInitiator.__slots__)
    assert initiator["commands"]["items"]["enum"] == list(INITIATOR_COMMANDS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("short_code: 512345", "short_code: 5", "7: daraja.organisations[0].short_code: '5'; expected 5 to 7 digits"),
        ("utility: 700", "utility: 7.5", "9: daraja.organisations[0].utility: '7.5'; expected whole shillings"),
        ("utility: 700", "utilty: 700", "did you mean utility?"),
        ("[BusinessPayment]", "[BusinesPayment]", "did you mean BusinessPayment?"),
        ("active: false", "active: off-duty", "14: daraja.organisations[1].active: 'off-duty'; expected true or false"),
        ("512346", "512345", "14: daraja.organisations[1].short_code: 512345 is given twice"),
        (', password: "a{b}c"', "", "12: daraja.organisations[0].initiators[1].password: missing"),
        ("env:PAYROLL_PASSWORD", "env:NO_SUCH", "environment variable NO_SUCH is not set"),
    ],
)
def test_a_mistake_is_reported_with_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(TargetError) as caught:
        load(tmp_path, TARGET.replace(old, new))

    assert any(expected in str(problem) for problem in caught.value.problems), caught.value
