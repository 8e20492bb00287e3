"""The commands in one list, and the one place where failures become exit codes."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from tayari import __version__
from tayari.cli import checking, explaining, loading, reference, reporting, setting_up, triggering
from tayari.run.findings import Exit

_USAGE_ERROR: Final = 2
_ABORTED: Final = 1
_FORWARDED: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="tayari",
    help="Is your M-Pesa integration ready for production, and what is the proof?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(checking.demo)
app.command(context_settings=_FORWARDED, add_help_option=False)(setting_up.simulate)
app.command()(setting_up.init)
app.command()(setting_up.doctor)
app.command()(checking.check)
app.command()(checking.gate)
app.command()(loading.load)
app.command()(explaining.explain)
app.command()(triggering.trigger)
app.add_typer(reference.rules, name="rules")
app.add_typer(reference.scenarios, name="scenarios")
app.add_typer(reporting.report, name="report")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def tayari(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Is your M-Pesa integration ready for production, and what is the proof?"""


def run(arguments: Sequence[str], program: typer.Typer = app) -> int:
    """Run one command line; the exit code."""
    try:
        program(args=list(arguments), prog_name="tayari")
    except SystemExit as end:
        return _exit_code(end.code)
    except Exception as error:  # noqa: BLE001 - the edge of the program: a defect of ours, told in one line
        return _our_failure(error)
    return int(Exit.OK)


def _exit_code(code: object) -> int:
    """Usage errors are bad configuration; a Ctrl-C outside of a run leaves no verdict."""
    if code is None:
        return int(Exit.OK)
    if code == _USAGE_ERROR:
        return int(Exit.BAD_CONFIGURATION)
    if code == _ABORTED:
        return int(Exit.INVALID_RUN)
    return code if isinstance(code, int) else int(Exit.OUR_FAILURE)


def _our_failure(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="tayari-failure-", suffix=".log", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    message = (
        f"Tayari failed, not your merchant: {type(error).__name__}: {error}; the traceback is in {Path(file.name)}"
    )
    typer.echo(message, err=True)
    return int(Exit.OUR_FAILURE)
