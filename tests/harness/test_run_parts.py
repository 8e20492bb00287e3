"""The parts of a run: child processes, events as they come, the plan of a load, and what is said meanwhile."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from mini_target import mini_target
from rich.console import Console
from tayari.run.children import ChildFailed, ChildProcess, clean_environment
from tayari.run.compose import environment, in_doubt
from tayari.run.doctor.doctor_findings import bad, good
from tayari.run.load import CONCURRENT_USERS, planned_rules
from tayari.run.order import LoadOrder, RunOrder
from tayari.run.progress import RunProgress
from tayari.run.session import doctor
from tayari.run.suites import PREPARED, EventTail, SuitesProcess, found_so_far, pytest_command
from tayari_contracts.runner import pytest_process
from tayari_control.simulator_process import SimulatorStartError, start_simulator
from tayari_reports.model import Check, NotTested, State
from tayari_reports.model.run_files import EventsWriter, read_events
from tayari_reports.verdict import judge
from tayari_target.run_processes import marked
from tayari_target.target_file import load_target


def spoken() -> tuple[RunProgress, io.StringIO]:
    output = io.StringIO()
    return RunProgress(Console(file=output, width=200)), output


def child(tmp_path: Path, code: str, **more: object) -> None:
    command = [sys.executable, "-c", code]
    ChildProcess(command, log=tmp_path / "log", environment=os.environ, folder=tmp_path).finish(
        watch=lambda: None,
        what="the child",
        accept=frozenset({0}),
        mask=lambda text: text.replace("hush", "[redacted]"),
        **more,  # type: ignore[arg-type]
    )


def test_workers_that_share_a_folder_share_its_log(tmp_path: Path) -> None:
    child(tmp_path, "print('the first')")
    child(tmp_path, "print('the second')")

    assert (tmp_path / "log").read_text() == "the first\nthe second\n"


def test_a_childs_output_goes_to_its_log(tmp_path: Path) -> None:
    child(tmp_path, "print('hello')")

    assert (tmp_path / "log").read_text() == "hello\n"


def test_a_childs_log_has_no_control_characters(tmp_path: Path) -> None:
    child(tmp_path, r"print('\x1b[2Jred')")

    assert (tmp_path / "log").read_text() == "\\x1b[2Jred\n"


@pytest.mark.parametrize(
    "code", ["print('hush')", "print('hush'); raise SystemExit(4)", "print('hush'); import os; os.kill(os.getpid(), 9)"]
)
def test_no_secret_stays_in_a_childs_log_or_in_the_message_of_its_failure(tmp_path: Path, code: str) -> None:
    output = ""
    try:
        child(tmp_path, code)
    except ChildFailed as error:
        output = str(error)

    assert (tmp_path / "log").read_text() in ("[redacted]\n", "")
    assert "hush" not in output


def test_only_its_owner_can_read_a_childs_log_while_it_runs(tmp_path: Path) -> None:
    child(tmp_path, "import os; print(oct(os.stat('log').st_mode & 0o777))")

    assert (tmp_path / "log").read_text() == "0o600\n"


def test_a_child_that_fails_or_lasts_is_our_failure(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="the child ended with 4: no such option"):
        child(tmp_path, "print('no such option'); raise SystemExit(4)")
    with pytest.raises(ChildFailed, match=r"the child did not end within 0\.1 s"):
        child(tmp_path, "import time; time.sleep(60)", limit_s=0.1)


def test_an_interrupt_is_handed_to_the_child_which_may_finish_its_books(tmp_path: Path) -> None:
    code = (
        "import time, pathlib\n"
        "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "try:\n    pathlib.Path('up').touch(); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('books are done')\n"
    )

    def interrupt_when_up() -> None:
        if (tmp_path / "up").exists():
            (tmp_path / "up").unlink()  # one Ctrl-C: a second one would end the child at once
            raise KeyboardInterrupt

    started = ChildProcess([sys.executable, "-c", code], log=tmp_path / "log", environment=os.environ, folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        started.finish(watch=interrupt_when_up, what="the child", accept=frozenset({0}), mask=str)

    assert (tmp_path / "log").read_text() == "books are done\n"


def test_a_projects_own_pytest_settings_do_not_reach_our_suites() -> None:
    found = clean_environment({"PYTEST_ADDOPTS": "-x", "LOCUST_USERS": "9", "PATH": "/bin"})

    assert found == {"PATH": "/bin"}


def test_events_are_passed_on_as_they_come_and_torn_lines_wait(tmp_path: Path) -> None:
    progress, output = spoken()
    path = tmp_path / "events.jsonl"
    tail = EventTail(path, progress, "suite smoke")
    tail.read()
    with EventsWriter(path) as events:
        events.plan([row for row in samples.ready().plan if row.id == "C03"])
        events.check(Check(rule="C03", state=State.PASS))
        events.notice('the merchant calls a payment "HELD"')
        events.check(Check(rule="C04", state=State.NOT_TESTED, not_tested=NotTested.INTERRUPTED, reason="too early"))
        events.check(Check(rule="C03", state=State.FAIL, reason="credited twice"))
    whole = path.read_bytes()

    path.write_bytes(whole[:-20])
    tail.read()
    assert "twice" not in output.getvalue().partition("FAIL")[2]
    path.write_bytes(whole)
    tail.read()

    title = next(row.title for row in samples.ready().plan if row.id == "C03")
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert lines == [
        ["suite", "smoke:", "1", "check"],
        ["pass", "C03:", *title.split()],
        ["NOTE", "the", "merchant", "calls", "a", "payment", '"HELD"'],
        ["FAIL", "C03:", "credited", "twice"],
    ]
    assert len(read_events(path).checks) == 3


def test_on_a_terminal_only_what_did_not_pass_gets_a_line() -> None:
    output = io.StringIO()
    with RunProgress(Console(file=output, force_terminal=True, width=200)) as progress:
        progress.planned({"C01": "Answers quickly", "C03": "Credits once"}, "suite smoke")
        progress.check(Check(rule="C01", state=State.PASS))
        progress.check(Check(rule="C03", state=State.FAIL, reason="credited [bold]twice"))

    assert "C01" not in output.getvalue()
    assert "credited [bold]twice" in output.getvalue()


def test_findings_are_reported_with_their_fix() -> None:
    progress, output = spoken()

    progress.finding(good("simulator", "up"))
    progress.finding(bad("passkey", "another one", "set the same"))

    assert output.getvalue().splitlines() == [
        "  ok  simulator: up",
        "  STOP  passkey: another one",
        "        set the same",
    ]


@pytest.mark.parametrize(
    ("suite", "users", "judged"),
    [("smoke", 5, False), ("smoke", None, True), ("ci", 50, True), ("load", 5, True), ("release", 5, True)],
)
def test_a_small_load_beside_a_small_suite_does_not_claim_to_judge_the_number_of_users(
    tmp_path: Path, suite: str, users: int | None, judged: bool
) -> None:
    target = load_target(mini_target(tmp_path), {})
    order = RunOrder(target=target.path, suite=suite, load=LoadOrder(users=users))

    planned = {rule.id for rule in planned_rules(order, target)}

    assert (CONCURRENT_USERS in planned) is judged
    assert CONCURRENT_USERS in {rule.id for rule in planned_rules(replace(order, only=(CONCURRENT_USERS,)), target)}
    assert {"L01", "L02", "L03"} <= planned
    assert planned_rules(RunOrder(target=target.path, suite=suite), target) == ()


def test_a_suite_plans_no_load_of_a_merchant_that_pays_organisations_alone(tmp_path: Path) -> None:
    """No load can be made of that, so its rules would stay open for ever, and the merchant never be ready."""
    suppliers = Path(__file__).parents[2] / "examples" / "mshahara" / "suppliers.yaml"
    of_suite = RunOrder(target=suppliers, suite="release", load=LoadOrder())
    of_load = replace(of_suite, suite="load", functional=False)
    payroll = suppliers.with_name("tayari.yaml")

    assert planned_rules(of_suite, load_target(suppliers, {})) == ()
    assert planned_rules(of_load, load_target(suppliers, {}))
    assert planned_rules(replace(of_suite, target=payroll), load_target(payroll, {}))


def test_the_suites_are_started_as_by_hand(tmp_path: Path) -> None:
    order = RunOrder(
        target=Path("tayari.yaml"), suite="ci", only=("C03",), scenarios=("payment/success",), out=tmp_path
    )

    command = pytest_command(
        order, environment_files=[tmp_path / "s.json", tmp_path / "s2.json"], events=tmp_path / "e", work_dir=tmp_path
    )

    text = " ".join(command)
    assert "-m pytest --pyargs tayari_contracts" in text
    assert "--tayari-only C03" in text
    assert "--tayari-scenario payment/success" in text
    assert f"--html {tmp_path}/pytest.html" in text
    assert "-p tayari_contracts -p html -p metadata" in text, "no other plugin of the environment is loaded"


def test_the_process_of_suites_that_are_never_asked_for_ends_and_leaves_no_log(tmp_path: Path) -> None:
    order = RunOrder(target=mini_target(tmp_path), out=tmp_path / "out")

    with SuitesProcess(order, tmp_path):
        began = marked(tmp_path)

    assert len(began) == 1
    assert not marked(tmp_path)
    assert not (tmp_path / "out" / "suites.log").exists()


def test_the_process_of_suites_that_cannot_begin_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dies = (sys.executable, "-c", "print('no module named pytest'); raise SystemExit(3)")
    monkeypatch.setattr("tayari.run.suites.PREPARED", dies)
    order = RunOrder(target=mini_target(tmp_path), out=tmp_path / "out")

    with SuitesProcess(order, tmp_path) as suites, pytest.raises(ChildFailed, match="no module named pytest"):
        suites.run(environment_files=[], progress=spoken()[0], mask=str, watch=lambda: None)


def test_a_line_that_a_full_disk_cut_within_a_letter_hides_no_later_one(tmp_path: Path) -> None:
    progress, output = spoken()
    path = tmp_path / "events.jsonl"
    path.write_bytes('{"event": "notice", "text": "“'.encode()[:-1] + b'\n{"event": "notice", "text": "later"}\n')

    EventTail(path, progress, "suite smoke").read()

    assert "NOTE  later" in output.getvalue()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('{"event": "plan", "rules": []}', "ended without saying that all was written"),
        ('{"event": "che{"event": "end"}\n', "the results of the suites cannot be read"),
    ],
)
def test_suites_that_lost_results_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, why: str
) -> None:
    code = f"import pathlib; pathlib.Path({str(tmp_path / 'events.jsonl')!r}).write_text({written!r})"
    monkeypatch.setattr("tayari.run.suites.PREPARED", (sys.executable, "-c", code))
    order = RunOrder(target=mini_target(tmp_path), out=tmp_path / "out")

    with SuitesProcess(order, tmp_path) as suites, pytest.raises(ChildFailed, match=why):
        suites.run(environment_files=[], progress=spoken()[0], mask=str, watch=lambda: None)
    assert found_so_far(tmp_path).ended is False


def test_prepared_suites_take_the_arguments_that_pytest_takes(capfd: pytest.CaptureFixture[str]) -> None:
    assert pytest_process.main(io.StringIO("")) == 0, "no line: there are no suites"

    given = json.dumps(["-c", os.devnull, "--assert=plain", "--no-such-option"])
    done = subprocess.run(PREPARED, input=given, capture_output=True, text=True, check=False)

    assert (done.returncode, "unrecognized arguments: --no-such-option" in done.stderr) == (4, True), done.stderr


def test_the_conftest_of_the_users_own_tests_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").write_text("raise SystemExit('the conftest of the user ran')\n")
    target = mini_target(tmp_path)
    command = pytest_command(
        RunOrder(target=target, suite="ci", out=tmp_path),
        environment_files=[],
        events=tmp_path / "e",
        work_dir=tmp_path,
    )

    done = subprocess.run([*command, "--collect-only"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_run_has_its_versions_and_disputed_behaviours_but_no_machine_name() -> None:
    assert {"python", "platform", "pytest"} <= dict(environment()).keys()
    assert os.uname().nodename not in json.dumps(environment())
    assert {mark for _, mark, _ in in_doubt({})} == {"disputed", "assumed"}
    assert "HTTP status of 404.001.03; here: 401" in [
        about for about, _, _ in in_doubt({"invalid_token_status": "401"})
    ]


def test_secrets_that_a_dying_merchant_prints_are_masked(tmp_path: Path) -> None:
    dying = "sh -c 'echo key is $PASSKEY for 254712345678; exit 3' "
    path = mini_target(tmp_path, replace={"{python} ": dying, "passkey: pass1": "passkey: 0123456789abcdef-canary"})
    progress, output = spoken()

    (*_, found) = doctor(RunOrder(target=path), progress)

    assert found.name == "start command"
    assert "ended with 3" in found.message
    for secret in ("canary", "254712345678"):
        assert secret not in found.message + output.getvalue()


def test_every_report_of_a_stopped_run_says_why(tmp_path: Path) -> None:
    from tayari.run.session import check

    progress, _ = spoken()
    result = check(RunOrder(target=mini_target(tmp_path, env={"CODE": "600000"}), out=tmp_path / "out"), progress)

    assert result.exit_code == 20
    assert judge(result.run).verdict == "INVALID_RUN"
    for name in ("json", "html", "md", "junit", "ctrf"):
        assert "600000" in result.reports[name].read_text()


def test_simulate_prints_its_ready_line_and_ends_cleanly() -> None:
    command = [sys.executable, "-m", "tayari", "simulate", "--port", "0", "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.wait()
        watchdog.cancel()

    assert ready["event"] == "ready"
    assert ready["daraja_url"].startswith("http://127.0.0.1:")
    assert process.returncode == 0


def test_a_simulator_that_is_not_ready_in_time_says_so() -> None:
    with pytest.raises(
        SimulatorStartError, match=r"did not start: it was not ready within 0 s: this machine is too busy"
    ):
        start_simulator(within_s=0.0)
