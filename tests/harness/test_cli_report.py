"""`tayari report`: compare, merge, verify, render, history and lint, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tayari.cli.commands import run as tayari
from tayari_reports.model import Category, Check, Rule, Run, Severity, State
from tayari_reports.model.run_files import to_dict
from tayari_reports.writers.writer_table import prepare

RULES = tuple(
    Rule(id=name, title=f"Rule {name}", category=Category.INTEGRATION, severity=Severity.HIGH)
    for name in ("T01", "T04")
)


def made(folder: Path, name: str, state: State = State.PASS, **more: object) -> Path:
    """A run.json with two rules; the second one's state is given."""
    checks = (
        Check(rule="T01", state=State.PASS),
        Check(rule="T04", state=state, reason="" if state is State.PASS else "It was not fetched again."),
    )
    run = Run(
        run_id=name,
        tayari_version="0.1.0",
        suite="smoke",
        profile="documented",
        merchant="duka",
        base_url="http://127.0.0.1:1",
        started_at=1_791_372_903.0,
        finished_at=1_791_372_923.0,
        plan=RULES,
        checks=checks,
    )
    path = folder / f"{name}.json"
    path.write_text(json.dumps(to_dict(prepare(replace(run, **more)))))  # type: ignore[arg-type]  # fields of Run
    return path


def test_compare_shows_what_is_new_and_strict_makes_it_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = str(made(tmp_path, "a")), str(made(tmp_path, "b", State.FAIL))

    assert tayari(["report", "compare", old, new]) == 0
    assert "New failures (1)" in capsys.readouterr().out
    assert tayari(["report", "compare", old, new, "--strict", "--format", "json"]) == 10
    assert json.loads(capsys.readouterr().out)["new_failures"][0]["rule"] == "T04"
    assert tayari(["report", "compare", new, old, "--strict"]) == 0


def test_merge_writes_one_run_and_ends_with_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [str(made(tmp_path, "a")), str(made(tmp_path, "b", State.FAIL))]

    assert tayari(["report", "merge", *parts, "--out", str(tmp_path / "whole")]) == 10
    assert json.loads((tmp_path / "whole/run.json").read_text())["merged_from"] == ["a", "b"]
    assert tayari(["report", "merge", parts[0], parts[0], "--out", str(tmp_path / "no")]) == 20
    assert "given twice" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["merge", "render"])
def test_no_new_verdict_is_made_of_an_edited_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    folders = [str(tmp_path / name) for name in ("one", "other")]
    for folder, state in zip(folders, (State.PASS, State.FAIL), strict=True):
        path = made(tmp_path, folder.rpartition("/")[2], state)
        assert tayari(["report", "render", str(path), "--as", "json", "--out", folder]) == 0
    edited = Path(folders[1]) / "run.json"
    edited.write_text(edited.read_text().replace('"state": "fail"', '"state": "pass"'))
    files = [f"{folder}/run.json" for folder in folders]

    code = tayari(["report", command, *(files if command == "merge" else files[1:]), "--out", str(tmp_path / "new")])

    assert code == 20
    assert f"{edited}: it says NOT_READY" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_verify_finds_a_changed_byte_and_another_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tayari(["report", "render", str(made(tmp_path, "a")), "--as", "bundle", "--out", str(tmp_path)])
    path = tmp_path / "evidence.zip"

    assert tayari(["report", "verify", str(path)]) == 0
    assert tayari(["report", "verify", str(path), "--sha256", "0" * 64]) == 12
    capsys.readouterr()
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"score": 100.0', b'"score": 100.1'))
    assert tayari(["report", "verify", str(path)]) == 12
    assert "evidence.zip: " in capsys.readouterr().out
    assert tayari(["report", "verify", str(tmp_path / "none.zip")]) == 20


def test_render_takes_statements_that_came_after_the_run(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("sign_off:\n  - {role: QA, name: Amina Wanjiru, date: 2026-10-08, decision: go}\n")

    assert tayari(["report", "render", str(made(tmp_path, "a")), "--sign-off", str(sheet), "--as", "html"]) == 0
    assert "Amina Wanjiru" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("form", ["md", "junit", "ctrf", "badge", "alerts", "grafana", "json"])
def test_render_makes_each_format(form: str, tmp_path: Path) -> None:
    assert tayari(["report", "render", str(made(tmp_path, "a")), "--as", form, "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_history_makes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, "a")
    made(tmp_path, "b", State.FAIL, finished_at=1_791_472_923.0)

    assert tayari(["report", "history", str(tmp_path), "--out", str(tmp_path / "trend.html")]) == 0
    assert "2 runs" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "trend.html").read_text()


def test_lint_reports_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waivers = tmp_path / "w.yaml"
    waivers.write_text(
        "waivers:\n  - {rule: C03, reason: x, owner: y, ticket: z, expires: 2020-01-01, fingerprint: f}\n"
    )

    assert tayari(["report", "lint", "--waivers", str(waivers)]) == 20
    message = capsys.readouterr().out
    assert f"{waivers}:2: waivers[0].rule: C03 can never be waived" in message.replace("\n", "")
    assert "ended on 2020-01-01" in message


def test_a_file_that_is_no_run_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}")

    assert tayari(["report", "compare", str(tmp_path / "x.json"), str(tmp_path / "x.json")]) == 20
    assert "x.json: no `schema` version" in capsys.readouterr().err.replace("\n", "")


def test_a_reader_who_goes_leaves_the_exit_code_as_it_is(tmp_path: Path) -> None:
    parts = [str(made(tmp_path, "a")), str(made(tmp_path, "b", State.FAIL))]
    command = [sys.executable, "-m", "tayari", "report", "merge", *parts, "--out", str(tmp_path / "whole")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, message = process.communicate(timeout=60)

    assert (process.returncode, message) == (10, b"")
