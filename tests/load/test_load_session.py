"""`tayari load` as a whole, from the command line to the verdict, when something goes wrong under way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from mini_target import mini_target
from tayari_reports.model import Run, State, Verdict
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge
from tayari_target.resources import example_folder

DUKA = example_folder() / "tayari.yaml"
MONEY = ("M01", "M02", "M03", "M04", "M05")


def whole_load(*words: str, target: Path) -> tuple[int, str]:
    """A `tayari load` that ends by itself, perhaps before its first line of figures: its exit code and what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TAYARI_", "DUKA_"))}
    command = [sys.executable, "-m", "tayari", "load", str(target), *words]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def load_run(*words: str, target: Path = DUKA) -> Iterator[subprocess.Popen[str]]:
    """A `tayari load` that is under way: its first line about the load's figures is out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TAYARI_", "DUKA_"))}
    command = [sys.executable, "-m", "tayari", "load", str(target), *words]
    with subprocess.Popen(
        command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if " s: " in line and "settled" in line:
                break
        else:
            pytest.fail("".join(output))
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(90)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def child(process: subprocess.Popen[str], met: Callable[[psutil.Process], bool]) -> psutil.Process:
    """The youngest process below that is meant."""
    return next(row for row in reversed(psutil.Process(process.pid).children(recursive=True)) if met(row))


def is_worker(row: psutil.Process) -> bool:
    """Locust's workers are forked from its master, with the same command line."""
    words = " ".join(row.cmdline())
    return "locustfile" in words and "locustfile" in " ".join(row.parent().cmdline())


def states(run: Run) -> dict[str, State]:
    return {check.rule: check.state for check in run.checks}


@pytest.mark.slow
def test_a_worker_killed_mid_run_makes_the_run_invalid_and_the_money_is_judged_all_the_same(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--workers", "2", "--users", "12", "--duration", "16", "--out", str(out))
    with load_run(*words) as process:
        child(process, is_worker).kill()
        code, output = ended(process)

    run = read_run(out / "run.json")
    lost = "1 of the load's workers were lost while it ran, and what they saw with them"
    assert code == 12, output
    assert run.load is not None
    assert (run.load.lost_workers, run.load.invalid) == (1, (lost,))
    assert judge(run).reasons[0].sentence == f"The load run proves nothing: {lost}."
    assert lost in " ".join(output.split())
    assert {states(run)[rule] for rule in ("L01", "L02", "L03")} == {State.UNKNOWN}
    assert {states(run)[rule] for rule in MONEY} == {State.PASS}


@pytest.mark.slow
def test_an_interrupted_load_keeps_what_it_has_and_writes_the_reports(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with load_run("--users", "8", "--duration", "300", "--out", str(out)) as process:
        process.send_signal(signal.SIGINT)
        code, output = ended(process)

    run = read_run(out / "run.json")
    assert code == 12, output
    assert "interrupted: what was found so far is reported" in output
    assert run.load is not None
    assert run.load.ended_early == "interrupted"
    assert run.load.started == run.load.settled > 0
    assert run.load.balance is not None
    assert run.load.balance.problems == ()
    assert {states(run)[rule] for rule in MONEY} == {State.PASS}
    assert (out / "report.html").stat().st_size > 0


@pytest.mark.long
def test_a_load_that_misses_for_long_ends_early_and_what_strain_hides_is_no_failure(tmp_path: Path) -> None:
    target = mini_target(tmp_path, rest="thresholds: {payment_p95_s: 0.1}")
    out = tmp_path / "out"
    words = ("--rate", "30", "--abort-after", "3", "--duration", "300", "--out", str(out))
    code, output = whole_load(*words, target=target)

    run = read_run(out / "run.json")
    assert run.load is not None
    assert run.load.ended_early == "payment_p95_s missed for 3 s in a row"
    assert run.load.duration_s < 300
    judged = [check for check in run.checks if check.rule == "L01"]
    if run.load.doubts:
        assert (code, [check.state for check in judged]) == (11, [State.UNKNOWN]), output
    else:
        assert (code, [check.state for check in judged]) == (10, [State.FAIL]), output
        assert "the run was ended early" in judged[0].reason
    assert "Ended early: payment_p95_s missed for 3 s in a row" in output
    repeats = {check.rule: check.repeat for check in run.checks}
    again = f"tayari load {os.path.relpath(target)} --rate 30 --duration 300"
    assert repeats["L01"] == again
    assert repeats["M01"].startswith(f"{again} --seed ")


@pytest.mark.slow
def test_a_fake_that_dies_is_our_failure_and_never_the_merchants(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with load_run("--users", "8", "--duration", "14", "--out", str(out)) as process:
        child(process, lambda row: "tayari_simulator" in " ".join(row.cmdline())).kill()
        code, output = ended(process)

    run = read_run(out / "run.json")
    assert code == 12, output
    assert set(states(run).values()) == {State.ERROR}
    assert judge(run).verdict is Verdict.INVALID_RUN
    assert run.load is not None
    assert "the fake Daraja cannot be believed" in run.load.invalid[0]


def test_the_suite_load_is_the_load_run_and_cannot_go_without(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tayari", "check", str(DUKA), "--suite", "load", "--no-load", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 20
    assert "--suite load is the load run" in json.loads(done.stdout)["error"]


@pytest.mark.slow
def test_the_suite_load_judges_thresholds_and_money(tmp_path: Path) -> None:
    target = mini_target(tmp_path, rest="thresholds: {concurrent_users: 3}")
    command = [sys.executable, "-m", "tayari", "check", str(target), "--suite", "load", "--users", "25"]
    done = subprocess.run(
        [*command, "--duration", "6", "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(states(read_run(tmp_path / "out" / "run.json"))) == ["L01", "L02", "L03", "L04", *MONEY]


@pytest.mark.long
@pytest.mark.parametrize(
    ("defect", "code", "failed"),
    [("", 0, set()), ("c2b-credits-each-message", 10, {"L02", "L03", "M01", "M04"})],
)
def test_customers_pay_in_under_load_and_are_credited_once(
    tmp_path: Path, defect: str, code: int, failed: set[str]
) -> None:
    target = example_folder() / "tayari.yaml"
    text = target.read_text(encoding="utf-8").replace("{target_dir}", str(example_folder()))
    (tmp_path / "tayari.yaml").write_text(
        text.replace("    env:\n", f'    env:\n      DUKA_DEFECTS: "{defect}"\n', 1), encoding="utf-8"
    )
    mix = "c2b/success=50,c2b/confirmation-twice=40,c2b/insufficient-funds=10"

    found, output = whole_load(
        "--rate", "6", "--mix", mix, "--duration", "6", "--seed", "3", "--out", str(tmp_path / "out"),
        target=tmp_path / "tayari.yaml",
    )  # fmt: skip

    run = read_run(tmp_path / "out" / "run.json")
    assert found == code, output
    assert {rule for rule, state in states(run).items() if state is State.FAIL} == failed
    assert run.load is not None
    (funnel,) = run.load.funnels
    assert (funnel.kind, funnel.started) == ("C2B payments", run.load.started)
    assert funnel.excused > 0


def test_a_locustfile_of_ones_own_has_the_customers_too(tmp_path: Path) -> None:
    """The example of docs/load.md."""
    page = (Path(__file__).parents[2] / "docs" / "load.md").read_text(encoding="utf-8")
    own = tmp_path / "locustfile.py"
    own.write_text(page.partition("```python\n")[2].partition("```")[0])

    found = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(own), "--list"],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "TAYARI_TARGET": str(DUKA)},
    )  # fmt: skip

    assert found.returncode == 0, found.stderr
    assert {"Browser", "Shopper"} <= set(found.stdout.split())
