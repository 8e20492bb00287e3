"""The preflight on real traffic: every misconfiguration stops the run with its own message and exit code."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from mini_target import MINI, mini_target
from rich.console import Console
from tayari.run.doctor import diagnose_payout
from tayari.run.doctor.doctor_findings import DoctorFinding, good
from tayari.run.doctor.preflight import _Meanwhile
from tayari.run.order import RunOrder
from tayari.run.progress import RunProgress
from tayari.run.session import doctor
from tayari_control.client import ControlError
from tayari_control.simulator_process import SimulatorOptions
from tayari_formats.exit_codes import Exit
from tayari_target.merchant_process import answers, free_port
from tayari_target.resources import example_folder
from tayari_target.test_environment import TestEnvironment
from tiny_shop import open_shop

DUKA = example_folder()

pytestmark = pytest.mark.usefixtures("forked_programs")


def examine(path: Path, options: SimulatorOptions | None = None) -> tuple[DoctorFinding, ...]:
    return doctor(RunOrder(target=path, environment=options or SimulatorOptions()), RunProgress(Console(quiet=True)))


def test_a_sound_set_up_has_no_bad_finding(tmp_path: Path) -> None:
    found = examine(mini_target(tmp_path))

    assert [finding.name for finding in found] == [
        "simulator",
        "merchant",
        "credentials",
        "short code",
        "passkey",
        "clock",
        "payment",
        "callback",
        "status",
        "cancelled payment",
    ]
    assert all(finding.ok and not finding.fix for finding in found)
    assert found[-2].message == "the payment is paid"
    assert found[-1].message == "it is failed"


def test_a_merchant_that_answers_at_the_end_of_a_payment_refuses_none(tmp_path: Path) -> None:
    found = examine(mini_target(tmp_path, env={"ANSWERS_LAST": "1"}))

    assert [finding.message for finding in found if finding.name == "cancelled payment"] == ["it is failed"]


def test_a_second_payment_that_is_refused_is_reported(tmp_path: Path) -> None:
    found = examine(mini_target(tmp_path, env={"ONE_ORDER": "1"}))

    warning = next(finding for finding in found if finding.name == "cancelled payment")
    assert warning.ok
    assert "a second one, of another payer and another order, answered 409" in warning.message
    assert "{reference}" in warning.fix


@pytest.mark.parametrize(
    ("env", "name", "words", "code"),
    [
        ({"SECRET": "old"}, "credentials", "token request was answered 400", Exit.BAD_CONFIGURATION),
        ({"CODE": "600000"}, "short code", "BusinessShortCode 600000; expected 174379", Exit.BAD_CONFIGURATION),
        ({"PASSKEY": "old"}, "passkey", "another passkey than the target file", Exit.BAD_CONFIGURATION),
        ({"WITHOUT_DARAJA": "1"}, "Daraja base URL", "never called Daraja here", Exit.BAD_CONFIGURATION),
        ({"DARAJA": None, "URL": "{daraja_url}"}, "Daraja base URL", "never called Daraja", Exit.BAD_CONFIGURATION),
        ({"CALLBACK": "http://127.0.0.1:9/cb"}, "callback", "was not delivered", Exit.BAD_CONFIGURATION),
        ({"CALLBACK": "https://shop.example/cb"}, "callback host", "may not be called", Exit.BAD_CONFIGURATION),
        ({"CALLBACK": "{daraja_url}/nothing/here"}, "callback", "nobody takes callbacks there", Exit.BAD_CONFIGURATION),
        ({"PAID_WORD": "DONE"}, "state words", "'DONE', a word that merchant.status.states", Exit.BAD_CONFIGURATION),
        ({"CANCELLED_WORD": "VOID"}, "state words", "'VOID', a word that merchant.status.st", Exit.BAD_CONFIGURATION),
        ({"CALLBACK_STATUS": "403"}, "callback", "answered a genuine callback 403", Exit.BAD_CONFIGURATION),
        ({"REFUSES": "500"}, "payment", "payment 500, an error, and never called Daraja", Exit.BAD_CONFIGURATION),
        ({"PAGES": "1"}, "answer form", "is an HTML page, but merchant.pay.payment_id", Exit.BAD_CONFIGURATION),
        ({"STUMBLE": "1"}, "start command", "SHOP_SECRET is not set", Exit.MERCHANT_UNREACHABLE),
    ],
)
def test_wrong_settings_of_the_merchant(
    tmp_path: Path, env: Mapping[str, str | None], name: str, words: str, code: Exit
) -> None:
    (*good, found) = examine(mini_target(tmp_path, env=env))

    assert all(finding.ok for finding in good)
    assert (found.name, found.exit_code) == (name, code)
    assert words in found.message
    assert found.fix


@pytest.mark.parametrize(
    ("old", "new", "name", "words"),
    [
        ("payment_id: $.id", "payment_id: $.payment.id", "JSONPath", "which holds $.id, $.message"),
        ("state: $.status", "state: $.state", "JSONPath", "which holds $.status"),
        (
            'GET /payments/{payment_id}"\n    state',
            'GET /state/x/y{payment_id}"\n    state',
            "status",
            "answered 404",
        ),
        ("POST /pay", "POST /buy", "payment", "POST /buy was answered 404"),
        ("credits: $.credits", "credits: $.sum", "ledger", "found nothing"),
        ("ready: /health", "ready: /health, cwd: /nowhere", "start command", "No such file or directory"),
        ("  name: mini", "  name: mini\n  login: [{request: 'POST /logon'}]", "log-in", "answered 404"),
        ("  name: mini", "  name: mini\n  adapter: 'no_such:Thing'", "adapter", "No module named 'no_such'"),
    ],
)
def test_wrong_keys_of_the_target_file(tmp_path: Path, old: str, new: str, name: str, words: str) -> None:
    (*_, found) = examine(mini_target(tmp_path, replace={old: new}))

    assert (found.ok, found.name, found.exit_code) == (False, name, Exit.BAD_CONFIGURATION)
    assert words in found.message


STATE = "    state: $.status"
LEDGER = "credits: $.credits"
PAY_SAYS = "message: $.message\n  status"
SAYS = "message: $.message\n    states"
WORDS = "paid: [PAID], failed: [FAILED]"


@pytest.mark.parametrize(
    ("old", "new", "name", "words"),
    [
        ("receipt: $.receipt", "receipt: $.code", "receipt", "merchant.status.receipt ($.code) found nothing in"),
        ("receipt: $.receipt", "receipt: $.message", "receipt", "reads 'Check your phone', and the payment's receipt"),
        (STATE, f"{STATE}\n    credited: $.credits", "credit", "($.credits) reads 1 for 10 shillings paid"),
        (STATE, f"{STATE}\n    credited: $.credited", "credit", "found nothing in the status answer (FAILED)"),
        (STATE, f"{STATE}\n    credited: $.message", "credit", "merchant.status.credited ($.message) found no number"),
        (LEDGER, f"{LEDGER}, total: $.sum", "ledger", "merchant.ledger.total ($.sum) found no number"),
        (LEDGER, f"{LEDGER}, total: $.credits", "ledger", "($.credits) reads 1 for 10 shillings paid"),
        (PAY_SAYS, PAY_SAYS.replace("$.message", "$.text"), "message", "merchant.pay.message ($.text) found nothing"),
        (SAYS, SAYS.replace("$.message", "$.text"), "message", "merchant.status.message ($.text) found nothing"),
        (WORDS, "paid: [YES], failed: [PAID, FAILED]", "status", "'PAID', which the target file maps to failed"),
    ],
)
def test_what_was_read_beside_what_daraja_knows(tmp_path: Path, old: str, new: str, name: str, words: str) -> None:
    """The key is named, and nothing stops: the merchant may be wrong, and then the rules say so."""
    found = examine(mini_target(tmp_path, replace={old: new}))

    (one,) = [finding for finding in found if finding.fix]
    assert (one.name, one.ok) == (name, True)
    assert words in one.message


@pytest.mark.parametrize(
    ("env", "name", "words"),
    [
        ({"ONLY_FROM": "X-Real-IP"}, "status", "still pending 5 s after its callback was answered 200"),
        ({"CALLBACK_STATUS": "500"}, "callback", "answered a genuine callback 500"),
        ({"CANCELLED_WORD": "PENDING"}, "cancelled payment", "a cancelled payment is pending"),
    ],
)
def test_what_may_be_the_merchants_fault_warns(
    tmp_path: Path, env: Mapping[str, str | None], name: str, words: str
) -> None:
    found = examine(mini_target(tmp_path, env=env))

    assert all(finding.ok for finding in found)
    (one,) = [finding for finding in found if finding.name == name]
    assert words in one.message
    assert one.fix


def test_an_audit_that_finds_no_callback_is_reported(tmp_path: Path) -> None:
    audit = '  audit: {request: "GET /payments/{payment_id}", messages: $.raw}\n'
    right = mini_target(tmp_path, replace={"  ledger:": f"{audit}  ledger:"})
    sound = examine(right)
    right.write_text(right.read_text().replace("$.raw", "$.kept"))
    (one,) = [finding for finding in examine(right) if finding.name == "audit"]

    assert [finding for finding in sound if finding.fix] == []
    assert one.message == "merchant.audit.messages ($.kept) found no stored callback, and one was taken"


def test_doctor_names_the_header_to_a_shop_that_ignores_unknown_callers(tmp_path: Path) -> None:
    forgets = {"ONLY_FROM": "X-Real-IP"}
    without = examine(mini_target(tmp_path, env=forgets))
    named = examine(mini_target(tmp_path, env=forgets, rest="callbacks: {source_header: X-Real-IP}"))

    assert [finding.name for finding in without if "callbacks.source_header" in finding.fix] == ["status"]
    assert [finding for finding in named if finding.fix] == []


def test_a_merchant_that_does_not_run_is_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "tayari.yaml"
    address = f"http://127.0.0.1:{free_port()}"
    path.write_text(f"merchant: {{name: mini, base_url: '{address}', pay: {{request: 'POST /pay', json: {{}}}}}}")

    (*_, found) = examine(path, SimulatorOptions(port=0, control_port=0))

    assert (found.name, found.exit_code) == ("merchant", Exit.MERCHANT_UNREACHABLE)
    assert found.message == f"nothing answers at {address}"


def test_a_merchant_that_runs_already_is_examined_where_it_is(tmp_path: Path) -> None:
    daraja, port = free_port(), free_port()
    settings = {"DARAJA": f"http://127.0.0.1:{daraja}", "PASSKEY": "pass1", "KEY": "key1", "SECRET": "secret1"}
    lines = [line for line in mini_target(tmp_path).read_text().splitlines() if not line.startswith("  start:")]
    path = tmp_path / "running.yaml"
    path.write_text("\n".join(lines).replace("{port}", str(port)))
    command = [sys.executable, str(MINI), str(port)]
    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL) as running:
        while not answers(f"http://127.0.0.1:{port}"):
            assert running.poll() is None
        found = examine(path, SimulatorOptions(port=daraja, control_port=0))
        still_there = running.poll() is None
        running.terminate()

    assert [finding for finding in found if not finding.ok] == []
    assert still_there


def test_a_taken_port_is_reported(tmp_path: Path) -> None:
    with open_shop({}) as shop:
        port = int(shop.url.rpartition(":")[2])
        (found,) = examine(mini_target(tmp_path), SimulatorOptions(port=port))

    assert (found.name, found.exit_code) == ("port", Exit.BAD_CONFIGURATION)
    assert str(port) in found.message


def test_a_callback_on_a_foreign_host_is_reached_by_rewriting_it(tmp_path: Path) -> None:
    rest = 'callbacks: {rewrite: {"https://shop.example": "http://127.0.0.1:{port}"}}'

    found = examine(mini_target(tmp_path, env={"CALLBACK": "https://shop.example/cb"}, rest=rest))

    assert all(finding.ok for finding in found)


def test_a_rewrite_that_fits_no_callback_is_a_warning(tmp_path: Path) -> None:
    good = '"https://shop.example": "http://127.0.0.1:{port}"'
    rest = f'callbacks: {{rewrite: {{"https://shop.exmaple": "http://127.0.0.1:9", {good}}}}}'

    found = examine(mini_target(tmp_path, env={"CALLBACK": "https://shop.example/cb"}, rest=rest))

    (warned,) = [finding for finding in found if finding.name == "rewrite"]
    assert all(finding.ok for finding in found)
    assert "https://shop.exmaple, and rewrote nothing" in warned.message
    assert "is https://shop.example/cb" in warned.message
    assert warned.fix


@pytest.mark.parametrize(
    ("env", "name", "words"),
    [
        ({"OFF_MINUTES": "44"}, "clock", "44 minutes off; expected EAT within 5"),
        ({"CALLBACK": "https:shop.example"}, "callback URL", "Daraja refuses the CallBackURL"),
        ({"POINT": "1"}, "push", "Daraja refused the push: Bad Request - Invalid Amount"),
    ],
)
def test_a_plain_refusal_of_daraja_is_reported_and_stops_nothing(
    tmp_path: Path, env: Mapping[str, str], name: str, words: str
) -> None:
    found = examine(mini_target(tmp_path, env=env))

    assert all(finding.ok for finding in found)
    (warned,) = [finding for finding in found if finding.name == name]
    assert words in warned.message
    assert "the rules will judge that" in warned.fix


def test_a_utc_timestamp_is_reported_but_stops_nothing(tmp_path: Path) -> None:
    found = examine(mini_target(tmp_path, env={"OFF_MINUTES": "-180"}))

    (clock,) = [finding for finding in found if finding.name == "clock"]
    assert clock.ok
    assert clock.message == "the Timestamp is 3 h off East Africa Time: accepted today, send EAT"
    assert all(finding.ok for finding in found)


def test_a_merchant_without_callbacks_is_sound_when_it_asks(tmp_path: Path) -> None:
    text = (DUKA / "tayari.yaml").read_text().replace("{target_dir}", str(DUKA))
    text = text.replace("[stk_push, stk_query", "[no_callbacks, stk_push, stk_query")
    path = tmp_path / "tayari.yaml"
    path.write_text(text.replace("env:\n", "env:\n      DUKA_MOODS: no-callbacks\n", 1))
    found = {finding.name: finding for finding in examine(path)}

    assert "callback" not in found
    assert all(finding.ok and not finding.fix for finding in found.values()), found
    assert found["status"].message == "the payment is paid"
    assert found["cancelled payment"].message == "it is failed"


@pytest.mark.parametrize("call", ["b2c", "b2c_v1", "b2pochi", "b2b"])
def test_a_payout_is_found_by_whichever_api_it_is_made(call: str) -> None:
    seen = SimpleNamespace(
        wait=lambda condition, **_: {"met": condition == f"{call}_seen", "entries": [{"endpoint": call}]}
    )

    found = diagnose_payout._first_request(cast("TestEnvironment", SimpleNamespace(control=seen)), "254711000111", 1)

    assert found == {"endpoint": call}


def test_what_is_looked_at_meanwhile_is_looked_at_once_and_its_error_is_told() -> None:
    looks: list[str] = []

    def look() -> Iterator[DoctorFinding]:
        looks.append("once")
        yield good("C2B URLs")

    def fails() -> Iterator[DoctorFinding]:
        yield good("C2B URLs")
        raise ControlError("the simulator is gone")

    meanwhile = _Meanwhile(look)
    meanwhile.begin()

    assert [finding.name for finding in meanwhile.findings()] == ["C2B URLs"]
    assert looks == ["once"]
    with pytest.raises(ControlError, match="the simulator is gone"):
        _Meanwhile(fails).findings()
