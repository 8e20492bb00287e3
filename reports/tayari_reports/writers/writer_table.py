"""One table of formats: each row is a file name and the function that renders it from a run and its judgement."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tayari_formats.problems import suggestion

from tayari_reports.model import SCHEMA, Run
from tayari_reports.model.codec import ReportError
from tayari_reports.model.outcomes import FAILED
from tayari_reports.redaction import redact_record
from tayari_reports.statements.waivers import fingerprint_of
from tayari_reports.verdict import Judgement, judge
from tayari_reports.writers import (
    bundle,
    monitoring_exports,
    write_badge,
    write_ctrf,
    write_html,
    write_json,
    write_junit,
    write_markdown,
    write_pdf,
)


@dataclass(frozen=True, slots=True)
class Writer:
    """One format: the file it makes, and how. `render` is given a run that is redacted already."""

    file_name: str
    render: Callable[[Run, Judgement], str | bytes]
    about: str


WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "json": Writer("run.json", write_json.render, "the run itself"),
        "html": Writer("report.html", write_html.render, "the whole report, one file"),
        "md": Writer("report.md", write_markdown.render, "at most 30 lines, for a pull request"),
        "junit": Writer("junit.xml", write_junit.render, "for CI servers"),
        "ctrf": Writer("ctrf.json", write_ctrf.render, "for CI servers"),
        "badge": Writer("badge.svg", write_badge.render, "for a README"),
        "bundle": Writer("evidence.zip", bundle.render, "run.json, evidence and checksums, for `tayari report verify`"),
        "alerts": Writer("alerts.yml", lambda run, _: monitoring_exports.alerts(run), "Prometheus alert rules"),
        "grafana": Writer(
            "grafana.json", lambda run, _: monitoring_exports.dashboard(run), "a Grafana dashboard to import"
        ),
        "pdf": Writer("report.pdf", write_pdf.render, "the report on paper; needs an installed Chromium"),
    }
)

USUAL: Final = tuple(name for name in WRITERS if name != "pdf")
"""What every run is written as: all that needs no other program."""


def prepare(run: Run, secrets: Iterable[str] = ()) -> Run:
    """The run as every report may show it: redacted, each failure with its fingerprint, in this version's schema."""
    clean = replace(redact_record(run, secrets), schema=SCHEMA)
    checks = (replace(one, fingerprint=fingerprint_of(one)) if one.state in FAILED else one for one in clean.checks)
    return replace(clean, checks=tuple(checks))


def write_all(
    run: Run,
    out_dir: Path | str,
    secrets: Iterable[str] = (),
    *,
    formats: Iterable[str] = USUAL,
) -> dict[str, Path]:
    """Write the reports of a run into a folder, redacted; the paths by format.

    `secrets` are exact values to mask in any encoding. Nothing half-written is left under a report's name.

    Raises:
        ReportError: a format is not known, or the folder cannot be written.
    """
    clean = prepare(run, secrets)
    return write_prepared(clean, judge(clean), out_dir, formats=formats)


def write_prepared(
    run: Run, judgement: Judgement, out_dir: Path | str, *, formats: Iterable[str] = USUAL
) -> dict[str, Path]:
    """The same for a run that `prepare` has made and that is judged already."""
    return {name: _write(_writer(name), run, judgement, Path(out_dir)) for name in formats}


def _writer(name: str) -> Writer:
    if name not in WRITERS:
        expected = f"expected one of {', '.join(WRITERS)}"
        raise ReportError(f"format {name!r} is not known; {expected}{suggestion(name, WRITERS)}")
    return WRITERS[name]


def _write(writer: Writer, run: Run, judgement: Judgement, out_dir: Path) -> Path:
    path = out_dir / writer.file_name
    partial = path.with_name(path.name + ".part")
    made = writer.render(run, judgement)
    content = made if isinstance(made, bytes) else made.encode("utf-8", "replace")
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as wrong:
        raise ReportError(f"{path}: cannot be written ({wrong.strerror})") from None
    return path
