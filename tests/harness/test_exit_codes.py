"""Every exit code of the commands, each from a run of its own."""

import errno
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from mini_target import mini_target
from tayari.cli.app import main
from tayari.cli.commands import _our_failure, run
from tayari.cli.output import Format, Output, failures
from tayari.run.children import ChildProcess
from tayari_reports.model import State
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge
from tayari_target.merchant_process import free_port
from tayari_target.resources import example_folder

DUKA = str(example_folder() / "tayari.yaml")


def judged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_0_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    junit, summary = tmp_path / "ci" / "tests.xml", tmp_path / "summary.md"
    summary.write_text("# The job\n")
    for name, value in (("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", str(summary)), ("GITLAB_CI", "true")):
        monkeypatch.setenv(name, value)

    code = run(
        ["gate", DUKA, "payment/success", "--out", str(tmp_path / "out"), "--format", "json", "--junit", str(junit),
         "--build", "rc 2"]
    )  # fmt: skip

    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (code, found["verdict"], found["exit_code"]) == (0, "READY", 0)
    written = {Path(path).name for path in found["reports"].values()}
    assert written >= {"run.json", "report.html", "report.md", "junit.xml", "ctrf.json"}
    assert all(Path(path).stat().st_size for path in found["reports"].values())
    plan = [rule.id for rule in read_run(found["reports"]["json"]).plan]
    assert plan == ["payment/success", *(f"M{number:02}" for number in range(1, 10))]
    build = read_run(found["reports"]["json"]).build
    assert (build.name, len(build.commit.removesuffix("+changes"))) == ("rc 2", 40)
    assert junit.read_text() == (tmp_path / "out" / "junit.xml").read_text()
    assert summary.read_text() == "# The job\n" + (tmp_path / "out" / "report.md").read_text() + "\n"
    assert json.loads((tmp_path / "out" / "gl-code-quality-report.json").read_text()) == []
    annotations = [line for line in printed.err.splitlines() if line.startswith("::")]
    assert len(annotations) == 1
    assert annotations[0].startswith("::notice file=")
    assert "title=Tayari%3A PART PASSED%3A payment/success only::" in annotations[0]


@pytest.mark.slow
def test_0_a_load_that_keeps_its_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mini_target(tmp_path, rest="thresholds: {concurrent_users: 3}")

    code = run(
        ["load", str(path), "--users", "25", "--duration", "6", "--out", str(tmp_path / "out"), "--format", "json"]
    )

    found = judged(capsys)
    assert (code, found["verdict"]) == (0, "READY")
    kept = read_run(tmp_path / "out" / "run.json")
    assert kept.load is not None
    assert kept.load.settled > 0
    assert [check.rule for check in kept.checks] == ["L01", "L02", "L03", "L04", "M01", "M02", "M03", "M04", "M05"]


def test_10_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DUKA_DEFECTS", "double-credit")

    code = run(["check", DUKA, "--only", "c03", "--out", str(tmp_path / "out")])

    assert code == 10
    assert "FAIL       C03" in capsys.readouterr().out
    (check,) = read_run(tmp_path / "out" / "run.json").checks
    assert check.state is State.FAIL
    assert check.evidence


def test_11_inconclusive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mini_target(tmp_path, replace={"  ledger: ": "  # ledger: "})

    words = ["--only", "C03,c11", "--out", str(tmp_path / "out"), "--format", "json"]
    code = run(["check", str(path), *words])

    assert (code, judged(capsys)["verdict"]) == (11, "INCONCLUSIVE")
    found = {check.rule: check for check in read_run(tmp_path / "out" / "run.json").checks}
    assert found["C11"].state is State.PASS
    assert found["C03"].state is State.NOT_TESTED
    assert found["C03"].enable == "merchant.ledger or merchant.status.credited"


def test_20_a_set_up_that_stops_the_run_still_writes_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = mini_target(tmp_path, env={"PASSKEY": "old"})

    code = run(["check", str(path), "--out", str(tmp_path / "out"), "--format", "json"])

    found = judged(capsys)
    assert (code, found["verdict"], found["exit_code"]) == (20, "INVALID_RUN", 20)
    assert [row["name"] for row in found["preflight"] if not row["ok"]] == ["passkey"]
    assert "another passkey" in (tmp_path / "out" / "report.md").read_text()


def test_10_what_daraja_merely_refuses_is_a_finding_of_the_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = mini_target(tmp_path, env={"POINT": "1"})

    code = run(["check", str(path), "--only", "S04", "--out", str(tmp_path / "out"), "--format", "json"])

    assert (code, judged(capsys)["verdict"]) == (10, "NOT_READY")
    (check,) = read_run(tmp_path / "out" / "run.json").checks
    assert "was pushed with Amount" in check.reason


@pytest.mark.parametrize("words", [["tayari", "simulate"], ["tayari", "doctor"]])
def test_12_a_command_that_is_stopped_while_it_loads_shows_no_traceback(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", words)
    monkeypatch.setattr("tayari.cli.app.simulate", stop)
    monkeypatch.setattr("tayari.cli.commands.run", stop)
    monkeypatch.setattr("tayari.run.interrupts.take_signals", lambda: None)

    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 12
    assert capsys.readouterr().err == "tayari: stopped before it began\n"


@pytest.mark.slow
def test_12_an_interrupted_run_keeps_what_it_has(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tayari", "check", DUKA, "--suite", "smoke", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("  pass"):
                process.send_signal(signal.SIGINT)
                break
        message = process.stdout.read()

    assert process.returncode == 12, message
    kept = read_run(out / "run.json")
    assert kept.interrupted
    assert any(check.state is State.PASS for check in kept.checks)
    assert any(one.state is State.NOT_TESTED for one in judge(kept).outcomes), "also where no time was left to say so"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "{folder}/none.yaml"], "`tayari init` writes one"),
        (["doctor", "{folder}/bad.yaml"], "bad.yaml:1: merchant.nmae: unknown key"),
        (["load", "{folder}/bad.yaml"], "bad.yaml:1: merchant.nmae: unknown key"),
        (["check", "{folder}/env.yaml"], "environment variable SHOP_PASSKEY is not set"),
        (["check", DUKA, "--suite", "smok"], "'smok' is not a suite; expected one of smoke, ci"),
        (["check", DUKA, "--only", "C99"], "C99 is not a rule; did you mean C19?\n"),
        (["check", DUKA, "--only", "QQQQ"], "QQQQ is not a rule; `tayari rules list` shows all"),
        (["check", DUKA, "--only", ""], " is not a rule; `tayari rules list` shows all"),
        (["gate", DUKA, "payment/sucess"], "'payment/sucess' is no scenario; did you mean payment/success?"),
        (["load", DUKA, "--mix", "sucess=80"], "--mix: sucess is no scenario; did you mean payment/success?"),
        (["gate", DUKA], "no scenario was named"),
        (
            ["gate", DUKA, "payment/success", "--junit", f"{DUKA}/tests.xml"],
            "cannot be written (File exists); expected a file that can be written; choose another with --junit",
        ),
        (
            ["gate", DUKA, "ratiba/callback-never-comes"],
            "'ratiba/callback-never-comes' is about ratiba calls, and a check plays scenarios of STK payments",
        ),
        (["gate", DUKA, "pull/*"], "'pull/*' is about pull_query, pull_register calls"),
        (["check", "--nonsense"], "No such option"),
        (["frobnicate"], "No such command"),
        (["check", DUKA, "--port", "70000"], "--port"),
        (["simulate", "--profile", "none"], "none"),
        (["init", "--example", "--force", f"{DUKA}/duka"], "name one in a folder that you may write to"),
    ],
)
def test_20_bad_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    (tmp_path / "bad.yaml").write_text(
        "merchant: {nmae: duka, base_url: 'http://127.0.0.1:9', pay: {request: 'POST /'}}"
    )
    mini = mini_target(tmp_path, replace={"passkey: pass1": "passkey: env:SHOP_PASSKEY"})
    mini.rename(tmp_path / "env.yaml")

    code = run([word.replace("{folder}", str(tmp_path)) for word in words])

    assert code == 20
    assert message in capsys.readouterr().err


def test_20_a_home_folder_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(**_: object) -> None:
        raise PermissionError(13, "Permission denied", "/nonexistent")

    monkeypatch.setattr("typer.completion.install", install)

    assert run(["--install-completion"]) == 20
    assert capsys.readouterr().err.startswith("/nonexistent: cannot be written (Permission denied); set HOME to")


def test_20_reports_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    path = mini_target(tmp_path, env={"CODE": "600000"})

    code = run(["check", str(path), "--out", str(tmp_path / "out")])

    assert code == 20
    assert "cannot be written" in capsys.readouterr().err


def test_21_merchant_unreachable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    path = tmp_path / "tayari.yaml"
    path.write_text(f"merchant: {{name: mini, base_url: '{address}', pay: {{request: 'POST /pay', json: {{}}}}}}")

    code = run(["doctor", str(path), "--port", "0", "--control-port", "0", "--format", "json"])

    found = judged(capsys)
    assert (code, found["exit_code"], found["ok"]) == (21, 21, False)
    assert found["findings"][-1]["message"] == f"nothing answers at {address}"


def test_30_our_own_failure_leaves_a_traceback_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    program = typer.Typer(pretty_exceptions_enable=False)

    @program.command()
    def stumble() -> None:
        raise RuntimeError("a defect of ours")

    code = run([], program)

    message = capsys.readouterr().err
    assert code == 30
    assert message.startswith("Tayari failed, not your merchant: RuntimeError: a defect of ours")
    log = Path(message.strip().rpartition(" ")[2])
    assert "raise RuntimeError" in log.read_text()
    log.unlink()


def test_30_a_full_disk_is_named_though_no_traceback_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)

    assert _our_failure(OSError(errno.ENOSPC, "No space left on device", "/srv/run.json")) == 30
    message = capsys.readouterr().err
    assert "make room on the disk that is full (/srv/run.json), and run it again" in message
    assert message.endswith("the traceback cannot be written (No space left on device)\n")


def test_12_a_ctrl_c_before_a_run_says_that_there_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    program = typer.Typer(pretty_exceptions_enable=False)

    @program.command()
    def wait() -> None:
        raise KeyboardInterrupt

    assert run([], program) == 12
    assert "interrupted before it was done: there is no verdict, and no report was written" in capsys.readouterr().err


def test_a_terminal_that_lacks_a_sign_shows_the_rest() -> None:
    command = [sys.executable, "-m", "tayari", "explain", "1032"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)
    closed = subprocess.run(f"{shlex.join(command)} >&-", shell=True, capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1032" in done.stdout
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_30_a_suite_that_fails_by_our_fault_shows_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", "print('one line'); raise SystemExit(3)"]
    suites = ChildProcess(command, log=tmp_path / "suites.log", environment=os.environ, folder=tmp_path)

    with pytest.raises(typer.Exit) as ended, failures(Output(Format.TEXT)):
        suites.finish(watch=lambda: None, accept=frozenset({0, 1}), mask=str, what="the suites")

    assert ended.value.exit_code == 30
    assert "the suites ended with 3: one line" in capsys.readouterr().err
    assert (tmp_path / "suites.log").read_text() == "one line\n"


def test_20_rules_of_the_load_are_not_left_out_in_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mini_target(tmp_path)

    code = run(["check", str(path), "--only", "C03", "--only", "l4", "--out", str(tmp_path / "out")])

    assert code == 20
    assert "--only L04: judged under load alone; add --load, or run `tayari load`" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_20_locusts_page_needs_a_free_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mini_target(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        code = run(["load", str(path), "--ui", "--ui-port", port, "--out", str(tmp_path / "out")])

    assert code == 20
    assert f"port {port} is taken" in capsys.readouterr().err


def test_nothing_of_ours_is_left_running(tmp_path: Path) -> None:
    path = mini_target(tmp_path)

    run(["doctor", str(path)])

    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in done.splitlines() if str(tmp_path) in line]
