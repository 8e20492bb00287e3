"""`tayari parity`: what a record holds and does not hold, and what a comparison finds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from running_simulator import running
from tayari.cli.commands import run
from tayari.run.parity import PROBES, ParityError, ProbeAccount, allowed, answers, differences, document
from tayari_simulator.catalogue.options import BY_NAME

ACCOUNT = ProbeAccount(
    consumer_key="parity-key", consumer_secret="parity-secret", short_code="174379", passkey="p",
    msisdn="254708374149", callback_url="https://example.org/callback",
)  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--format", "json"]) == code, capsys.readouterr()
    return json.loads(capsys.readouterr().out)


def test_a_fake_with_another_switch_is_distinguished_and_the_switch_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "parity.json")
    with running(
        options={"expires_in_type": "number"},
        consumer_key="parity-key",
        consumer_secret="parity-secret",
        clock="manual",
    ) as other:  # its clock stands still: the prompt is still open when the answers are compared
        recorded = printed(capsys, "parity", "record", "--daraja", other.daraja_url, "--out", file)
        assert recorded["answers"] == len(PROBES)
        again = printed(capsys, "parity", "check", file, "--daraja", other.daraja_url, code=10)

    found = printed(capsys, "parity", "check", file, "--profile", "documented", code=10)
    checked = printed(capsys, "parity", "check", file, "--profile", "documented", "--option", "expires_in_type=number")

    assert {row["probe"] for row in again["differences"]} == {"push"}, "its phone still shows the prompt of the record"
    assert found["differences"] == [
        {"probe": "token", "where": "body.expires_in", "recorded": "integer", "here": "string", "wording": False}
    ]
    assert found["fits"] == {"token": "--option expires_in_type=number"}
    assert (checked["same"], checked["differences"]) == (True, [])


CANARIES = (
    "CanaryKey0123456789", "CanarySecret0123456789", "CanaryPasskey0123456789", "CanaryToken0123456789", "254799123456",
)  # fmt: skip


class Echo(BaseHTTPRequestHandler):
    """A Daraja that repeats every request, in every place where a record keeps words."""

    def do_GET(self) -> None:
        self._answer({"access_token": CANARIES[3], "expires_in": "3599", "CustomerMessage": self._request_text()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        echo = f"{self._request_text()} {body}"
        self._answer({"errorMessage": echo, "errorCode": echo, "requestId": echo, CANARIES[0]: 1, "list": [body]})

    def _request_text(self) -> str:
        return f"{self.path} {dict(self.headers)} {' '.join(CANARIES)}"

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_of_the_account_is_in_a_record() -> None:
    key, secret, passkey, _, msisdn = CANARIES
    account = ProbeAccount(
        consumer_key=key, consumer_secret=secret, short_code="174379", passkey=passkey, msisdn=msisdn,
        callback_url="https://example.org/callback",
    )  # fmt: skip
    with echo() as url:
        text = json.dumps(document(answers(url, account), daraja_url=url, version="0"))

    assert [word for word in ("Canary", "Q2FuYXJ5", "NhbmFye", "DYW5hcn", "799123456") if word in text] == []
    assert "errorMessage" in text
    assert "Canary" not in repr(account)


@pytest.mark.parametrize(
    "url", ["https://api.safaricom.co.ke", "http://sandbox.safaricom.co.ke", "https://example.org", "ftp://sandbox"]
)
def test_production_and_strangers_are_never_asked(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ParityError, match="is not asked"):
        allowed(url)
    assert run(["parity", "record", "--daraja", url, "--out", str(tmp_path / "p.json")]) == 20
    assert "expected https://sandbox.safaricom.co.ke" in capsys.readouterr().err
    assert not (tmp_path / "p.json").exists()
    assert allowed("https://sandbox.safaricom.co.ke/") == "https://sandbox.safaricom.co.ke"


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON"), ("[]", "expected what"), ('{"schema": 9}', "schema 1")]
)
def test_a_file_that_is_no_record_is_refused(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "parity.json"
    file.write_text(text)

    assert run(["parity", "check", str(file)]) == 20
    assert message in capsys.readouterr().err


def test_differences_are_of_status_keys_types_codes_and_words() -> None:
    body = {"errorCode": "string: 1", "errorMessage": "string: x", "gone": "null"}
    old = {"status": 400, "content_type": "a/b", "body": body}
    new = {"status": 401, "content_type": "a/b", "body": {"errorCode": "integer: 1", "errorMessage": "string: y"}}

    found = list(differences({"push": old, "query.unknown": old}, {"push": new}))

    assert [(row.where, row.recorded, row.here, row.wording) for row in found] == [
        ("status", "400", "401", False),
        ("body.errorCode", "string: 1", "integer: 1", False),
        ("body.errorMessage", "string: x", "string: y", True),
        ("body.gone", "null", "not there", False),
    ]


def test_every_switch_of_a_probe_is_one_of_the_fakes_with_values_to_try() -> None:
    named = {switch for probe in PROBES for switch in probe.switches}

    assert named
    assert [switch for switch in named if len(BY_NAME[switch].choices) < 2] == []
