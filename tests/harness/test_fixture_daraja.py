"""The `daraja` fixture in a session of its own, as a team would use it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tayari.pytest_plugin import _OPTIONS, Daraja
from tayari_target.merchant_process import free_port

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
        "import sys\ndef test_plain():\n    assert 'tayari_control.simulator_process' not in sys.modules\n"
    )

    done = pytest_in(tmp_path, "test_plain.py")

    assert "1 passed" in done.stdout, done.stdout


OPTIONS = """
import http.server, json, threading
import pytest
import requests
from test_shop import push, token

class Takes(http.server.BaseHTTPRequestHandler):
    heard, status = [], 200
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Takes.heard.append(self.headers.get("X-Forwarded-For"))
        body = b"CSRF token missing" if Takes.status == 403 else b"{}"
        self.send_response(Takes.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass

SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Takes)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()

@pytest.mark.daraja(clock="manual", source_header="X-Forwarded-For")
def test_a_manual_clock_and_a_source_header(daraja):
    Takes.heard.clear()
    daraja.play_next("payment/timeout", msisdn="254700000001")
    push(daraja, "254700000001")
    assert Takes.heard == []
    daraja.advance(until="idle")
    daraja.assert_callback_accepted(msisdn="254700000001")
    assert daraja.payments(msisdn="254700000001")[0]["result_code"] == 1037
    assert Takes.heard[0].startswith("196.")
    daraja.assert_no_unexpected_calls()

def test_a_403_is_no_accepted_callback(daraja):
    Takes.status = 403
    push(daraja, "254700000002")
    assert daraja.wait_for_callback(msisdn="254700000002")
    with pytest.raises(AssertionError, match="answered 403: CSRF token missing"):
        daraja.assert_callback_accepted(msisdn="254700000002")

def test_a_call_that_daraja_does_not_know_is_reported(daraja):
    requests.post(daraja.url + "/mpesa/stkpush/v2/process", json={}, timeout=5)
    with pytest.raises(AssertionError, match="/mpesa/stkpush/v2/process was answered 404"):
        daraja.assert_no_unexpected_calls()

def test_a_refusal_is_expected_where_a_scenario_says_so(daraja):
    daraja.play_next("service/system-busy", msisdn="254700000003")
    push(daraja, "254700000003")
    daraja.assert_no_unexpected_calls()

@pytest.mark.daraja(clok="manual")
def test_a_misspelt_option(daraja):
    pass
"""


def test_options_and_assertions(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "test_shop.py").write_text(TEST)
    (tmp_path / "test_options.py").write_text(OPTIONS.replace("PORT", str(port)))
    (tmp_path / "pytest.ini").write_text(f"[pytest]\ndaraja_deliver_to = http://127.0.0.1:{port}/callback\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    done = subprocess.run(
        [*command, "test_options.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert "4 passed, 1 error" in done.stdout, done.stdout
    assert "the mark daraja has clok; expected some of profile, clock" in done.stdout


def test_the_page_names_every_option_and_method() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fixture.md").read_text(encoding="utf-8")
    options = re.findall(r"^\| `daraja_(\w+)` \| `(\w+)` \|", page, re.MULTILINE)
    methods = {name for name in vars(Daraja) if not name.startswith("_")}

    assert dict(options) == {name: name for name in _OPTIONS}
    assert methods <= set(re.findall(r"`(\w+)\(", page))


SHOP = """
import http.server, threading
import pytest
from test_shop import push

class Takes(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words): pass

SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Takes)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()

class Shop:
    def __init__(self, daraja): self.daraja = daraja
    def pay(self, phone, amount): push(self.daraja, phone)
    def message(self):
        return {1: "Your M-Pesa balance is too low."}[self.daraja.payments()[-1]["result_code"]]

@pytest.fixture
def shop(daraja): return Shop(daraja)
"""


def test_the_tests_of_the_document_pass(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/fixture.md").read_text(encoding="utf-8")
    port = free_port()
    (tmp_path / "test_shop.py").write_text(TEST)
    (tmp_path / "conftest.py").write_text(SHOP.replace("PORT", str(port)))
    (tmp_path / "test_document.py").write_text(
        "import pytest\n\n" + "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    )
    (tmp_path / "pytest.ini").write_text(f"[pytest]\ndaraja_deliver_to = http://127.0.0.1:{port}/\n")

    done = pytest_in(tmp_path, "test_document.py", "-c", "pytest.ini")

    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("payments", "calls", "why"),
    [
        ([{"state": "prompted"}], [], "its payment is prompted"),
        (
            [],
            [{"response": {"status": 404, "body": ""}, "note": "no API has this path", "request": {"url": "/x"}}],
            "no push of this number was accepted; the last refused call: /x, 404: no API has this path",
        ),
        ([], [], "no push of this number came; 0 calls reached Daraja, which is at http://127.0.0.1:1"),
    ],
)
def test_a_callback_that_never_comes_is_explained(
    payments: list[dict[str, object]], calls: list[dict[str, object]], why: str
) -> None:
    control: Any = SimpleNamespace(
        wait=lambda *_, **__: {"entries": [], "met": False},
        payments=lambda **_: payments,
        journal=lambda *, kind, **_: {"entries": calls if kind == "request" else []},
    )
    ready = dict.fromkeys(("consumer_key", "consumer_secret", "short_code", "passkey"), "x")
    process: Any = SimpleNamespace(daraja_url="http://127.0.0.1:1", ready=ready)

    with pytest.raises(TimeoutError, match=re.escape(f"0 of 1 callbacks for 254700000001 within 1 s; {why}")):
        Daraja(process, control).wait_for_callback(msisdn="254700000001", timeout_s=1)
