"""The `daraja` fixture in a session of its own, as a team would use it."""

import os
import subprocess
import sys
from pathlib import Path

TEST = """
import base64
import requests

def token(daraja):
    pair = base64.b64encode(f"{daraja.consumer_key}:{daraja.consumer_secret}".encode()).decode()
    answer = requests.get(daraja.url + "/oauth/v1/generate?grant_type=client_credentials",
                          headers={"Authorization": "Basic " + pair}, timeout=5)
    return answer.json()["access_token"]

def push(daraja, msisdn):
    stamp = "20261006143323"
    password = base64.b64encode((daraja.short_code + daraja.passkey + stamp).encode()).decode()
    body = {"BusinessShortCode": daraja.short_code, "Password": password, "Timestamp": stamp,
            "TransactionType": "CustomerPayBillOnline", "Amount": 10, "PartyA": msisdn, "PartyB": daraja.short_code,
            "PhoneNumber": msisdn, "CallBackURL": "http://127.0.0.1:9/cb", "AccountReference": "R1",
            "TransactionDesc": "Order"}
    return requests.post(daraja.url + "/mpesa/stkpush/v1/processrequest", json=body,
                         headers={"Authorization": "Bearer " + token(daraja)}, timeout=5).json()

def test_a_payment_plays_a_scenario(daraja):
    daraja.play_next("payment/insufficient-funds", msisdn="254700000001")
    assert push(daraja, "254700000001")["ResponseCode"] == "0"
    (payment,) = daraja.payments(msisdn="254700000001")
    assert payment["scenario"] == "payment/insufficient-funds"

def test_the_next_test_starts_with_nothing(daraja):
    assert daraja.payments(msisdn="254700000001") == []
"""


def pytest_in(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [*command, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_team_gets_a_fresh_daraja_for_each_test(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TEST)

    done = pytest_in(tmp_path, "test_shop.py")

    assert "2 passed" in done.stdout, done.stdout


def test_a_session_that_does_not_ask_for_it_starts_nothing_and_loads_little(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\ndef test_plain():\n    assert 'tayari_control.process' not in sys.modules\n"
    )

    done = pytest_in(tmp_path, "test_plain.py")

    assert "1 passed" in done.stdout, done.stdout
