"""The simulator as a process: flags, ready line, exit statuses, and how lean it is."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import requests
from core_kit import payload
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.config import Config
from tayari_simulator.server.arguments import ConfigError, read_arguments
from tayari_simulator.server.process import control_host, main

COMMAND = [sys.executable, "-m", "tayari_simulator", "--port", "0", "--control-port", "0"]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}


@contextmanager
def started(*flags: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A simulator that is ready."""
    process = subprocess.Popen(
        [*COMMAND, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=BARE | environ
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def refused(*argv: str) -> str:
    """What is said of a command line that cannot be used."""
    process = subprocess.run([*COMMAND, *argv], capture_output=True, text=True, env=BARE, timeout=20, check=False)
    assert (process.returncode, process.stdout) == (20, "")
    return process.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_announces_itself_and_ends_cleanly(number: signal.Signals) -> None:
    with started() as (process, ready):
        health = requests.get(f"{ready['control_url']}/health", timeout=5).json()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

        assert set(ready) == {
            "event", "daraja_url", "control_url", "control_token", "certificate_url", "tls_url", "proxy_url", "ca_file",
            "consumer_key",
            "consumer_secret", "short_code", "passkey", "version", "pid",
        }  # fmt: skip
        assert (ready["event"], ready["short_code"], ready["pid"]) == ("ready", "174379", process.pid)
        assert health["status"] == "ok"
        assert (process.returncode, out) == (0, "")
        assert err.count("\n") == 1
        assert f"its console at {ready['control_url']}/#token={ready['control_token']}; Ctrl+C" in err


ORDER = {"url": "http://127.0.0.1:9/x", "raw": "x"}
ACCOUNT = {"token_url": "http://127.0.0.1:9/t", "url": "http://127.0.0.1:9/x", "key": "k", "secret": "s",
           "account": "A", "short_code": "600000"}  # fmt: skip


@pytest.mark.parametrize(("path", "body"), [("/v1/callbacks", ORDER), ("/v1/hakikisha", ACCOUNT)])
def test_a_call_that_sends_needs_the_token_of_the_ready_line(path: str, body: dict[str, str]) -> None:
    with started() as (_, ready):
        url, token = f"{ready['control_url']}{path}", ready["control_token"]
        answers = [
            requests.post(url, json=body, headers=headers, timeout=20)
            for headers in ({}, *({"Authorization": f"Bearer {given}"} for given in ("x", "\xe9", token)))
        ]

        assert [row.status_code for row in answers[:3]] == [401, 401, 401]
        assert "expected the header `Authorization: Bearer TOKEN`" in answers[0].json()["error"]["message"]
        assert answers[3].status_code == 200
        settings = requests.get(f"{ready['control_url']}/v1/settings", timeout=5)
        assert settings.status_code == 200
        assert token not in settings.text


def test_the_token_is_given_or_left_out() -> None:
    with started(TAYARI_CONTROL_TOKEN="mine") as (_, ready):
        assert ready["control_token"] == "mine"
    with started("--control-open") as (_, ready):
        assert ready["control_token"] is None
        assert requests.post(f"{ready['control_url']}/v1/callbacks", json=ORDER, timeout=20).status_code == 200


def test_it_is_small_when_it_is_ready() -> None:
    with started() as (process, _):
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])

        assert pages * os.sysconf("SC_PAGE_SIZE") < 60e6


def test_secrets_come_by_environment_and_are_checked() -> None:
    secrets = {"TAYARI_PASSKEY": "pass", "TAYARI_CONSUMER_KEY": "key", "TAYARI_CONSUMER_SECRET": "secret"}
    with started(**secrets) as (_, ready):
        url = f"{ready['daraja_url']}/oauth/v1/generate?grant_type=client_credentials"
        good = requests.get(url, auth=("key", "secret"), timeout=5)
        bad = requests.get(url, auth=("key", "guess"), timeout=5)

        assert (ready["passkey"], ready["consumer_key"], ready["consumer_secret"]) == ("pass", "key", "secret")
        assert (good.status_code, bad.status_code, bad.text) == (200, 400, "")


def test_the_announced_pair_works_where_any_pair_does() -> None:
    with started() as (_, ready):
        url = f"{ready['daraja_url']}/oauth/v1/generate?grant_type=client_credentials"
        answer = requests.get(url, auth=(ready["consumer_key"], ready["consumer_secret"]), timeout=5)

        assert answer.json()["expires_in"] == "3599"


@pytest.mark.parametrize("flag", ["--port", "--control-port"])
def test_a_taken_port_is_one_line_and_status_20(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused(flag, str(port))

    assert f"port {port} of 127.0.0.1 is taken" in message
    assert f"{flag} (0" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--clock", "fast"], "clock 'fast' does not exist; expected real, scaled:N"),
        (["--option", "in_fligt=mix"], "did you mean in_flight?"),
        (["--option", "in_flight"], "expected NAME=VALUE"),
        (["--profile", "real"], "invalid choice"),
        (["--port", "70000"], "70000 is not a port"),
        (["--prot", "1"], "--prot"),
        (["--rewrite", "x=y"], "is not the beginning of a URL"),
        (["--scenario", "payment/none"], 'no scenario "payment/none" is loaded'),
        (["--journal", "/no/such/folder/file"], "folder that can be written"),
        (["--journal-bytes", "5"], "too small"),
        (["--organisation", "5"], '--organisation 5: short_code: found "5"; expected five to seven digits'),
        (["--organisation", "512345,utilty=5"], "did you mean utility?"),
        (["--organisation", "512345,utility=lots"], "utility is 'lots'; expected whole shillings"),
        (["--organisation", "512345,active=yes"], "active is 'yes'; expected on or off"),
        (["--organisation", "512345,initiator=api"], "initiator is a value without a colon; expected NAME:PASSWORD"),
        (["--organisation", "512345,expired=on"], "found expired before any initiator"),
        (["--organisation", "512345,initiator=a:b,commands=BusinesPayment"], "did you mean BusinessPayment?"),
        (["--organisation", "512345", "--organisation", "512345"], "512345 is given twice"),
    ],
)
def test_a_command_line_that_cannot_be_used_is_explained(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", "--control-port", "0", *flags], {}) == 20
    assert message in capsys.readouterr().err


def test_a_scenario_file_with_a_mistake_stops_the_start_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "payment" / "x.yaml"
    file.parent.mkdir()
    file.write_text("scenario: payment/x\nabut: A typing error.\n")

    assert "x.yaml:2" in refused("--scenarios", str(tmp_path))


def test_help_and_version_are_answers() -> None:
    message = io.StringIO()
    with redirect_stdout(message):
        assert (main(["--help"], {}), main(["--version"], {})) == (0, 0)

    assert "TAYARI_PASSKEY" in message.getvalue()


def test_flags_become_one_frozen_configuration() -> None:
    flags = (
        "--host ::1 --profile production-observed --clock manual --seed 5 --short-code 600000 --till 12345",
        "--deliver-to http://x/ --allow-host a --allow-host b --rewrite http://a=http://b",
        "--option wording=usual --source-header X",
    )
    config = read_arguments(" ".join(flags).split(), {"TAYARI_PASSKEY": "p"})

    assert config == Config(
        host="::1", profile=Profile.PRODUCTION_OBSERVED, clock="manual", seed=5, short_code="600000", till="12345",
        deliver_to="http://x/", allow_hosts=("a", "b"), rewrites=(("http://a", "http://b"),),
        options={"wording": "usual"}, source_header="X", passkey="p",
    )  # fmt: skip
    with pytest.raises(ConfigError):
        read_arguments(["extra"], {})


def test_organisations_of_the_command_line_and_of_the_environment_are_read_alike() -> None:
    text = "512345,name=Duka,utility=5,initiator=a:b,commands=BusinessPayment+SalaryPayment,initiator=c:d,expired=on"
    listed = (
        '[{"short_code": "512345", "name": "Duka", "utility": 5, "initiators": [{"name": "a", "password": "b", '
        '"commands": ["BusinessPayment", "SalaryPayment"]}, {"name": "c", "password": "d", "expired": true}]}]'
    )
    by_flag = read_arguments(["--organisation", text], {}).organisations
    by_environment = read_arguments([], {"TAYARI_ORGANISATIONS": listed}).organisations

    assert by_flag == by_environment
    assert [row.name for row in by_flag[0].initiators] == ["a", "c"]
    assert by_flag[0].initiators[0].commands == {"BusinessPayment", "SalaryPayment"}
    assert by_flag[0].initiators[1].expired


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("{", "found no JSON"),
        ("{}", "expected a JSON list"),
        ("[1]", "TAYARI_ORGANISATIONS[0]: found 1; expected a mapping"),
        ('[{"short_code": "512345", "utility": "5"}]', "utility: found"),
        ('[{"short_code": "512345", "initiators": [{"name": "a"}]}]', "required key `password` is missing"),
    ],
)
def test_organisations_that_cannot_be_read_are_explained(listed: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_arguments([], {"TAYARI_ORGANISATIONS": listed})


@pytest.mark.parametrize(
    ("flags", "host"),
    [("", "127.0.0.1"), ("--host ::1", "::1"), ("--host 0.0.0.0", "127.0.0.1"), ("--host 10.1.2.3", "127.0.0.1"),
     ("--host 0.0.0.0 --control-host 0.0.0.0", "0.0.0.0")],
)  # fmt: skip
def test_the_control_api_stays_on_this_machine_by_default(flags: str, host: str) -> None:
    assert control_host(read_arguments(flags.split(), {})) == host


def test_the_journal_file_has_what_was_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with started("--journal", str(path)) as (process, ready):
        requests.get(f"{ready['daraja_url']}/oauth/v1/generate", timeout=5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT endpoint, status FROM entries").fetchall()
    connection.close()
    assert rows == [("oauth", 400)]


def pushed(ready: dict[str, Any], msisdn: str, callback_url: str) -> str:
    """The CheckoutRequestID of a payment."""
    url = f"{ready['daraja_url']}/oauth/v1/generate?grant_type=client_credentials"
    token = requests.get(url, auth=("key", "secret"), timeout=5).json()["access_token"]
    stamp = "20261007143501"
    body = payload("stk_push.request") | {
        "CallBackURL": callback_url, "PhoneNumber": int(msisdn), "Timestamp": stamp,
        "Password": b64encode(f"174379{ready['passkey']}{stamp}".encode()).decode(),
    }  # fmt: skip
    answer = requests.post(
        f"{ready['daraja_url']}/mpesa/stkpush/v1/processrequest", json=body,
        headers={"Authorization": f"Bearer {token}"}, timeout=5,
    )  # fmt: skip
    return str(answer.json()["CheckoutRequestID"])


def test_a_killed_simulator_goes_on_where_it_was(tmp_path: Path) -> None:
    flags = ("--journal", str(tmp_path / "journal.sqlite"), "--option", "outcome_after_s=1")
    with socket.create_server(("127.0.0.1", 0)) as shop:
        shop_url = f"http://127.0.0.1:{shop.getsockname()[1]}/pay"
        with started(*flags) as (process, ready):
            wanted = {pushed(ready, f"25470000000{number}", shop_url) for number in range(3)}
            process.kill()
            process.wait(5)
        with started(*flags) as (_, ready):
            heard = set()
            for _ in wanted:
                connection, _ = shop.accept()
                heard.add(json.loads(connection.recv(65536).partition(b"\r\n\r\n")[2])["Body"]["stkCallback"]
                          ["CheckoutRequestID"])  # fmt: skip
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                connection.close()
            assert heard == wanted
            requests.post(f"{ready['control_url']}/v1/wait", json={"for": "idle", "timeout_s": 5}, timeout=10)
            balance = requests.get(f"{ready['control_url']}/v1/balance", timeout=5).json()

    assert (balance["accepted"], balance["called_back"], balance["pending"], balance["balanced"]) == (3, 3, 0, True)


def test_sigterm_lets_what_is_due_soon_happen_and_says_what_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as shop, started("--option", "outcome_after_s=0.5") as (process, ready):
        identifier = pushed(ready, "254700000001", f"http://127.0.0.1:{shop.getsockname()[1]}/pay")
        process.send_signal(signal.SIGTERM)
        connection, _ = shop.accept()
        assert identifier.encode() in connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _, err = process.communicate(timeout=10)
        connection.close()

    assert (process.returncode, err.count("\n")) == (0, 1)


def test_sigterm_does_not_wait_for_what_is_due_late_but_names_it() -> None:
    with started("--option", "outcome_after_s=300") as (process, ready):
        pushed(ready, "254700000001", "http://127.0.0.1:1/")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert "1 payments were pending, and their callbacks are lost; --journal FILE keeps them" in err
