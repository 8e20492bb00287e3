"""What a CI server reads of a run: a JUnit file where it looks for one, a summary, and notices beside the code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from tayari_formats.exit_codes import Exit
from tayari_reports.model import Run
from tayari_reports.verdict import Judgement
from tayari_reports.writers import ci_notices, write_junit, write_markdown

from tayari.cli.output import Format, Output

GITHUB_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""Names the file to which a step of GitHub appends Markdown."""

CODE_QUALITY: Final = "gl-code-quality-report.json"
"""GitLab's own name for it; `artifacts:reports:codequality` names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CiFiles:
    """Where the result goes besides the report folder."""

    junit: Path | None = None
    summary: Path | None = None
    annotate: bool = False
    """Whether GitHub reads what is printed."""
    code_quality: bool = False
    """Whether GitLab looks for a code quality report."""

    @classmethod
    def of(cls, environment: Mapping[str, str], *, junit: Path | None = None, summary: Path | None = None) -> CiFiles:
        """What the command line names, and what the variables of GitHub and GitLab ask for."""
        named = environment.get(GITHUB_SUMMARY)
        return cls(
            junit=junit,
            summary=summary or (Path(named) if named else None),
            annotate=environment.get("GITHUB_ACTIONS") == "true",
            code_quality=environment.get("GITLAB_CI") == "true",
        )

    def require_writable(self, output: Output) -> None:
        """End the command before anything starts, where a file that was named cannot be written.

        The JUnit file is empty from then on: no CI server shall take that of an earlier run for this one's.
        """
        for option, path, mode in (("--junit", self.junit, "wb"), ("--summary", self.summary, "ab")):
            if path is None:
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open(mode):
                    pass
            except OSError as error:
                do = f"expected a file that can be written; choose another with {option}"
                raise output.fail(
                    f"{path}: cannot be written ({error.strerror}); {do}", Exit.BAD_CONFIGURATION
                ) from None

    def write(self, run: Run, judgement: Judgement, *, target: Path, out: Path, output: Output) -> None:
        """Write the files, and print the annotations. A file that cannot be written costs no verdict."""
        file = os.path.relpath(target)
        try:
            if self.junit is not None:
                self.junit.write_text(write_junit.render(run, judgement), encoding="utf-8", errors="replace")
            if self.summary is not None:
                with self.summary.open("a", encoding="utf-8", errors="replace") as summary:
                    summary.write(write_markdown.render(run, judgement) + "\n")
            if self.code_quality:
                (out / CODE_QUALITY).write_text(ci_notices.gitlab_code_quality(judgement, file), encoding="utf-8")
        except OSError as error:
            output.err.print(f"not written for CI: {error.filename} ({error.strerror})", style="bold red", markup=False)
        if self.annotate:
            for line in ci_notices.github_annotations(run, judgement, file):
                typer.echo(line, err=output.form is Format.JSON)
