"""Folders that reports cannot be written to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mini_target import mini_target
from tayari.cli.commands import run
from tayari.run.session import report_folder
from tayari_reports.model.codec import ReportError


def test_a_file_as_out_is_refused_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.write_text("mine")

    code = run(["check", str(mini_target(tmp_path)), "--out", str(out)])

    output = capsys.readouterr()
    assert code == 20
    assert "expected a folder that can be written; choose another with --out" in output.err
    assert "preflight" not in output.out
    assert out.read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
def test_a_folder_that_another_run_writes_to_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with report_folder(out):
        code = run(["check", str(mini_target(tmp_path)), "--out", str(out)])

    assert code == 20
    assert "another run writes its reports there" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_a_folder_is_free_again_after_its_run(tmp_path: Path) -> None:
    for _ in range(2):
        with report_folder(tmp_path / "out"):
            assert (tmp_path / "out").is_dir()


def test_reports_of_an_earlier_run_do_not_outlive_the_start_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise RuntimeError("as if the process was killed")

    monkeypatch.setattr("tayari.run.session._run", killed)
    out, junit = tmp_path / "out", tmp_path / "junit.xml"
    out.mkdir()
    for name in ("run.json", "junit.xml", "report.html", "evidence.zip", "merchant-2.log", "mine.txt"):
        (out / name).write_text("READY")
    junit.write_text("<testsuites/>")

    code = run(["check", str(mini_target(tmp_path)), "--out", str(out), "--junit", str(junit)])

    assert code == 30
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    assert junit.read_text() == ""


def test_an_earlier_report_that_cannot_be_removed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out" / "run.json"
    folder.mkdir(parents=True)

    code = run(["check", str(mini_target(tmp_path)), "--out", str(folder.parent)])

    assert code == 20
    assert f"{folder}: an earlier report cannot be removed" in capsys.readouterr().err


def test_a_full_disk_costs_the_reports_and_not_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise ReportError("run.json: cannot be written (No space left on device)")

    monkeypatch.setattr("tayari.run.session.write_prepared", full)
    target = mini_target(tmp_path, env={"STUMBLE": "1"})

    code = run(["check", str(target), "--out", str(tmp_path / "out")])

    output = capsys.readouterr()
    assert code == 21, output.out + output.err
    assert "INVALID RUN" in output.out
    assert "not all reports: run.json: cannot be written (No space left on device)" in " ".join(output.out.split())


def test_a_passed_run_without_its_proof_does_not_end_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise ReportError("junit.xml: cannot be written (No space left on device)")

    monkeypatch.setattr("tayari.run.session.write_prepared", full)

    code = run(["gate", str(mini_target(tmp_path)), "payment/success", "--out", str(tmp_path / "out")])

    output = capsys.readouterr()
    assert code == 30, output.out + output.err
    assert "make room, and run it again: without its proof no run ends with 0" in " ".join(output.out.split())
