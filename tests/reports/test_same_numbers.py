"""Each rendering shows the same verdict, score, coverage, counts and categories, whatever the run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from random_runs import runs
from rendered_figures import (
    expected,
    figures_in,
    figures_in_badge,
    figures_in_bundle,
    figures_in_paper,
    rows_in,
    rows_of,
    screen,
)
from tayari_reports.model import Run, Verdict
from tayari_reports.verdict import judge, percent
from tayari_reports.verdict.sentences import TITLES, has_results
from tayari_reports.writers.write_pdf import find_browser
from tayari_reports.writers.writer_table import prepare, write_all

TEXTS = ("json", "html", "md", "junit", "ctrf")


def check_all(run: Run, folder: Path) -> None:
    judgement = judge(prepare(run))
    paths = write_all(run, folder)
    texts = {kind: paths[kind].read_text("utf-8") for kind in TEXTS} | {"terminal": screen(run)}

    for kind, text in texts.items():
        assert figures_in(kind, text) == expected(judgement), kind
    for kind in ("html", "md", "terminal"):
        found = [row for row in rows_in(kind, texts[kind]) if row[1]]
        assert found == (rows_of(judgement) if has_results(judgement) else []), kind
    figures = percent(judgement.score), percent(judgement.coverage)
    assert figures_in_bundle(paths["bundle"].read_bytes()) == (judgement.verdict, *figures)
    score = "" if judgement.verdict is Verdict.INVALID_RUN else ", score {}, coverage {}".format(*figures)
    words = figures_in_badge(paths["badge"].read_text("utf-8"))
    assert words.startswith(TITLES[judgement.verdict].lower())
    assert words.endswith(score)


@pytest.mark.parametrize("name", samples.ALL)
def test_all_renderings_agree(name: str, tmp_path: Path) -> None:
    check_all(samples.ALL[name](), tmp_path)


@settings(deadline=None, max_examples=40)
@given(runs())
def test_all_renderings_of_any_run_agree(run: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_all(run, Path(folder))


@pytest.mark.browser
@pytest.mark.parametrize("name", samples.ALL)
def test_the_pdf_has_the_same_content(name: str, tmp_path: Path) -> None:
    program = shutil.which("pdftotext")
    if find_browser() is None or program is None:
        pytest.skip("NO BROWSER OR NO PDFTOTEXT: paper was not read; install Chromium and poppler-utils")
    paper = write_all(samples.ALL[name](), tmp_path, formats=["pdf"])["pdf"]
    text = subprocess.run([program, "-raw", str(paper), "-"], capture_output=True, check=True, timeout=60).stdout

    assert figures_in_paper(text.decode("utf-8")) == expected(judge(samples.ALL[name]()))
