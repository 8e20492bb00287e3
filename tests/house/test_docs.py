"""Prose in the documents is wrapped: a reviewer reads whole lines, and a change shows as few of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_reference import page
from legibility import WIDTHS, problems_of
from playwright.sync_api import sync_playwright
from tayari_reports.writers.write_pdf import find_browser

ROOT = Path(__file__).parents[2]
MOST = 120
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)


def long_lines(text: str) -> list[int]:
    """The numbers of prose lines that are too long. Tables, code, and a line that is one long word are left out."""
    found, in_code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.lstrip().startswith("|") and len(line) > MOST and " " in line.strip()[:MOST]:
            found.append(number)
    return found


def test_only_prose_counts() -> None:
    words = "word " * 30
    text = f"short\n{words}\n| {words}|\n```\n{words}\n```\n{words}\n"

    assert long_lines(text) == [2, 7]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_prose_of_a_document_is_wrapped(path: Path) -> None:
    assert long_lines(path.read_text(encoding="utf-8")) == []


def build_site(folder: Path) -> None:
    """Build the documents as a site, strictly: a warning is a failure."""
    pytest.importorskip("mkdocs", reason="MkDocs is not installed (run make): the site was NOT built")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_documents_build_as_a_site_without_a_warning(tmp_path: Path) -> None:
    build_site(tmp_path / "site")

    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {path.stem for path in (tmp_path / "site").glob("*.html")} >= pages
    assert (tmp_path / "site" / "search" / "search_index.json").exists(), "the search needs no server of others"
    loaded = re.findall(r'(?:src|href)="(https?://[^"]+)"', (tmp_path / "site" / "index.html").read_text())
    assert [url for url in loaded if "squidfunk" not in url] == [], "nothing is fetched from elsewhere"


@pytest.mark.long
@pytest.mark.browser
def test_every_page_of_the_site_can_be_read_by_day_and_by_night_on_a_phone_and_on_a_desk(tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("NO BROWSER: the site was not opened in one; install Chromium")
    build_site(tmp_path)
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                for path in sorted(tmp_path.rglob("*.html")):
                    page.goto(path.as_uri())
                    found += [f"{path.stem}, {scheme}, {width}: {one}" for one in problems_of(page, ".md-content")]
                page.close()
        browser.close()

    assert found == []


def test_the_page_of_the_commands_is_what_they_say_of_themselves() -> None:
    # After a wanted change: python tests/house/cli_reference.py --write docs/cli.md
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == page()
