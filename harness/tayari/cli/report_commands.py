"""`tayari report`: what can be done with run.json files after a run, without the merchant."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import Problem
from tayari_reports.model import Run
from tayari_reports.model.codec import ReportError
from tayari_reports.model.merged_run import merge as merge_runs
from tayari_reports.model.run_files import read_run
from tayari_reports.statements.waivers import EAT
from tayari_reports.verdict import judge, percent, refuse_if_changed
from tayari_reports.verdict.comparison import compare as compare_runs
from tayari_reports.verdict.comparison import to_json, to_markdown
from tayari_reports.writers import bundle
from tayari_reports.writers.pages.history import read_history
from tayari_reports.writers.pages.history import render as render_history
from tayari_reports.writers.terminal import render_terminal
from tayari_reports.writers.write_json import summary
from tayari_reports.writers.writer_table import USUAL, WRITERS, prepare, write_all
from tayari_target.target_file import TargetError

from tayari.cli.command_options import AttestationsOption, FormatOption, SignOffOption, WaiversOption
from tayari.cli.output import Format, Output, failures, unwritable
from tayari.run.statement_files import NAMES, StatementFiles, expiring, read_statements

report = typer.Typer(help="Work on run.json files.", no_args_is_help=True)

RunFile = Annotated[Path, typer.Argument(metavar="RUN.JSON")]


@report.command("render")
def render(
    *,
    run_file: RunFile,
    rendering: Annotated[
        str, typer.Option("--as", metavar="NAME", help=f"all, terminal, or one of {', '.join(WRITERS)}.")
    ] = "all",
    out: Annotated[Path | None, typer.Option("--out", help="Folder; default: beside the file.")] = None,
    waivers: WaiversOption = None,
    attestations: AttestationsOption = None,
    sign_off: SignOffOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Render a run again, in one form or in all. Statements that were made after it can be added."""
    output = Output(form)
    with failures(output):
        files = StatementFiles(waivers=waivers, attestations=attestations, sign_off=sign_off)
        run = prepare(_with_statements(_read_unchanged(run_file), files))
        judgement = judge(run)
        judged = {**summary(judgement), "exit_code": judgement.exit_code}
        if rendering == "terminal":
            output.json({**judged, "reports": {}})
            if form is Format.TEXT:
                render_terminal(run, judgement, output.out)
            return
        written = write_all(run, out or run_file.parent, formats=USUAL if rendering == "all" else (rendering,))
    output.json({**judged, "reports": {name: str(path) for name, path in written.items()}})
    for path in written.values():
        output.text(str(path))


@report.command("compare")
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD.JSON")],
    new: Annotated[Path, typer.Argument(metavar="NEW.JSON")],
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit code 10 if something got worse: a failure, a lost answer, the verdict."),
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show what is new, fixed, still failing or no longer judged. Scores are compared only if the plans are equal."""
    output = Output(form)
    with failures(output):
        comparison = compare_runs(read_run(old), read_run(new))
    if strict and not comparison.same_merchant:
        problem = f"--strict needs two runs of one merchant; these are of {comparison.old.merchant} and "
        raise output.fail(f"{problem}{comparison.new.merchant}", Exit.BAD_CONFIGURATION)
    output.json(to_json(comparison))
    output.text(to_markdown(comparison).rstrip())
    if strict and comparison.worse:
        raise typer.Exit(int(Exit.NOT_READY))


@report.command("merge")
def merge(
    run_files: Annotated[list[Path], typer.Argument(metavar="RUN.JSON...")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the merged reports.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Make one run of several runs of one merchant: shards, or suites. The exit code is the merged verdict's."""
    output = Output(form)
    with failures(output):
        whole = prepare(merge_runs([_read_unchanged(path) for path in run_files]))
        reports = write_all(whole, out)
    judgement = judge(whole)
    written = {name: str(path) for name, path in reports.items()}
    output.json({"verdict": judgement.verdict, "score": judgement.score, "reports": written})
    if form is Format.TEXT:
        render_terminal(whole, judgement, output.out)
        output.text(f"\nreport  {reports['html'].resolve()}", style="bold")
    raise typer.Exit(judgement.exit_code)


@report.command("verify")
def verify(
    bundle_file: Annotated[Path, typer.Argument(metavar="EVIDENCE.ZIP")],
    sha256: Annotated[str | None, typer.Option("--sha256", help="The SHA-256 that the bundle must have.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Recompute verdict, evidence and checksums of a bundle. Exit code 0: not a byte was changed."""
    output = Output(form)
    with failures(output):
        found = bundle.verify(bundle_file)
    problems = list(found.problems)
    if sha256 is not None and sha256.lower() != found.sha256:
        problems.append(f"the bundle's SHA-256 is {found.sha256}; expected {sha256}")
    verdict = found.judgement.verdict.value if found.judgement else None
    output.json({"intact": not problems, "problems": problems, "sha256": found.sha256, "verdict": verdict})
    for problem in problems:
        output.text(f"{bundle_file}: {problem}", style="red")
    if problems:
        raise typer.Exit(int(Exit.INVALID_RUN))
    if found.judgement is not None:
        figures = f"score {percent(found.judgement.score)} · coverage {percent(found.judgement.coverage)}"
        output.text(
            f"{found.judgement.verdict.value} · {figures}: it follows from the checks in the bundle", style="green"
        )
        output.text(f"sha256 {found.sha256}")


@report.command("history")
def history(
    folder: Annotated[Path, typer.Argument(help="Folder with run.json files, at any depth.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("trend.html"),
    form: FormatOption = Format.TEXT,
) -> None:
    """Show a folder of runs as one page: score and coverage over time."""
    output = Output(form)
    with failures(output):
        found = read_history(folder)
        try:
            out.write_text(render_history(found), encoding="utf-8", errors="replace")
        except OSError as error:
            raise ReportError(unwritable(out, error)) from None
    output.json({"written": str(out), "runs": len(found.runs), "passed_over": list(map(str, found.refused))})
    for refused in found.refused:
        output.text(f"passed over: {refused}", style="yellow")
    output.text(f"{_count(found.runs, 'run')}: {out.resolve()}", style="bold")


@report.command("lint")
def lint(
    waivers: WaiversOption = None,
    attestations: AttestationsOption = None,
    sign_off: SignOffOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check waivers, attestations and the sign-off sheet. Each mistake has one line, with file and line."""
    output = Output(form)
    files = StatementFiles(waivers=waivers, attestations=attestations, sign_off=sign_off).beside(Path("tayari.yaml"))
    if files == StatementFiles():
        known = ", ".join(NAMES.values())
        do = "name one with --waivers, --attestations or --sign-off"
        raise output.fail(f"nothing to check: none of {known} is here; {do}", Exit.BAD_CONFIGURATION)
    problems: list[Problem] = []
    try:
        read_statements(files)
    except TargetError as error:
        problems = list(error.problems)
    aged, soon = expiring(files, today=datetime.now(EAT).date())
    problems += aged
    output.json({"problems": [str(one) for one in problems], "warnings": [str(one) for one in soon]})
    for one in problems:
        output.text(str(one), style="red")
    for one in soon:
        output.text(str(one), style="yellow")
    output.text(f"{_count(problems, 'problem')}, {_count(soon, 'warning')}")
    if problems:
        raise typer.Exit(int(Exit.BAD_CONFIGURATION))


def _count(found: Sized, noun: str) -> str:
    return f"{len(found)} {noun}" if len(found) == 1 else f"{len(found)} {noun}s"


def _read_unchanged(path: Path) -> Run:
    """The run of a file whose verdict follows from its checks; a new verdict may be made of it.

    Raises:
        ReportError: it is no run, or was changed after it was written.
    """
    run = read_run(path)
    refuse_if_changed(run, path)
    return run


def _with_statements(run: Run, files: StatementFiles) -> Run:
    """The run with the statements of the files that were named; the rest stays as the run has it."""
    statements = read_statements(files)
    return replace(
        run,
        waivers=statements.waivers if files.waivers else run.waivers,
        attestations=statements.attestations if files.attestations else run.attestations,
        sign_off=statements.sign_off if files.sign_off else run.sign_off,
    )
