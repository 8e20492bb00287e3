"""The HTML report as PDF, printed by the Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tayari_reports.model import Run
from tayari_reports.model.codec import ReportError
from tayari_reports.verdict import Judgement
from tayari_reports.writers import write_html

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_LIMIT_S: Final = 120


def find_browser() -> str | None:
    """The first Chromium on the path; None when there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def render(run: Run, judgement: Judgement, *, browser: str | None = None) -> bytes:
    """The report as PDF.

    Raises:
        ReportError: no Chromium is installed, or it failed.
    """
    program = browser or find_browser()
    if program is None:
        raise ReportError(
            f"no Chromium to print with; looked for {', '.join(BROWSERS)} on the path; install one, "
            "or open report.html in any browser and print it to a file"
        )
    with tempfile.TemporaryDirectory(prefix="tayari-pdf-") as folder:
        page, paper = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(write_html.render(run, judgement), encoding="utf-8", errors="replace")
        _print(program, page, paper, Path(folder) / "profile")
        return paper.read_bytes()


def _print(program: str, page: Path, paper: Path, profile: Path) -> None:
    command = [program, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={paper}", page.as_uri()]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to sandbox for root, as in most containers
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_LIMIT_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise ReportError(f"{program} could not print the report: {wrong}") from None
    if not paper.exists():
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        raise ReportError(f"{program} ended with {ended.returncode} and printed nothing{last}")
