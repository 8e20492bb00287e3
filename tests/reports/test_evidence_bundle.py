"""The evidence bundle: the same run is the same bytes, and any changed byte is found."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import pytest
import samples
from tayari_reports.model import State
from tayari_reports.model.codec import ReportError
from tayari_reports.verdict import judge
from tayari_reports.writers import bundle
from tayari_reports.writers.bundle import verify
from tayari_reports.writers.writer_table import prepare, write_all

SMALL = prepare(
    samples.run((), plan=(samples.rule("C03"),), checks=(samples.ended("C03", State.FAIL, "Credited twice."),))
)
WHOLE = bundle.render(SMALL, judge(SMALL))


def written(folder: Path, raw: bytes) -> Path:
    path = folder / "evidence.zip"
    path.write_bytes(raw)
    return path


def repacked(folder: Path, **changed: bytes) -> Path:
    """The bundle with other contents, zipped anew as a forger would."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found, zipfile.ZipFile(out, "w") as made:
        for name in found.namelist():
            made.writestr(name, changed.get(name, found.read(name)))
    return written(folder, out.getvalue())


@pytest.mark.parametrize("name", samples.ALL)
def test_a_bundle_is_intact_and_proves_its_verdict(name: str, tmp_path: Path) -> None:
    run = samples.ALL[name]()
    found = verify(write_all(run, tmp_path, formats=["bundle"])["bundle"])

    assert found.problems == ()
    assert found.judgement is not None
    assert found.judgement.verdict is judge(run).verdict


def test_the_same_run_is_the_same_bytes() -> None:
    assert bundle.render(SMALL, judge(SMALL)) == WHOLE


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    choose = random.Random(7)
    for place in choose.sample(range(len(WHOLE)), 400):
        raw = bytearray(WHOLE)
        raw[place] ^= choose.randrange(1, 256)
        try:
            problems = verify(written(tmp_path, bytes(raw))).problems
        except ReportError as refused:
            problems = (str(refused),)
        assert problems, f"byte {place}"


def test_a_byte_that_calls_a_file_compressed_is_found(tmp_path: Path) -> None:
    raw = bytearray(WHOLE)
    raw[WHOLE.index(b"PK\x01\x02") + 10] = zipfile.ZIP_DEFLATED

    assert "a file in it is compressed" in verify(written(tmp_path, bytes(raw))).problems[0]


@pytest.mark.parametrize("more", [b"\0", b"PK"])
def test_bytes_behind_the_end_are_found(more: bytes, tmp_path: Path) -> None:
    assert verify(written(tmp_path, WHOLE + more)).problems


def test_a_verdict_that_does_not_follow_from_the_checks_is_found(tmp_path: Path) -> None:
    document = json.loads(zipfile.ZipFile(io.BytesIO(WHOLE)).read("run.json"))
    document["judgement"]["verdict"] = "READY"
    problems = verify(repacked(tmp_path, **{"run.json": json.dumps(document).encode()})).problems

    assert any("claims verdict 'READY'; its checks make it 'NOT_READY'" in problem for problem in problems)


def test_evidence_that_was_exchanged_is_found(tmp_path: Path) -> None:
    problems = verify(repacked(tmp_path, **{"evidence/0001-C03.json": b"[]"})).problems

    assert any(problem.startswith("evidence/0001-C03.json: its SHA-256 is") for problem in problems)


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as made:
        made.writestr("readme.txt", "hello")

    with pytest.raises(ReportError, match=r"other\.zip: holds no run\.json"):
        verify(tmp_path / "other.zip")
    with pytest.raises(ReportError, match="cannot be read"):
        verify(tmp_path / "missing.zip")
    assert verify(written(tmp_path, b"no zip")).problems
