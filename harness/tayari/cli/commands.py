"""The table of commands, and the one place where failures become exit codes.

A command's module is loaded when the command runs: `--help` and `--version` load none of them.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from tayari_formats.exit_codes import Exit
from typer.core import TyperGroup

import tayari as package

_USAGE_ERROR: Final = 2
_ABORTED: Final = (1, 130)
"""Codes with which typer ends at a Ctrl-C: older and newer ones."""
_FORWARDED: Final[Mapping[str, Any]] = {
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    "add_help_option": False,
}


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command, or a group of commands."""

    module: str
    """Below `tayari.cli`; it has the command as a function, or the group as a `typer.Typer`, of the same name."""
    summary: str
    """What `tayari --help` says: the first sentence of the command's own help."""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Any:
        """The command with its options, for typer to run."""
        found = getattr(import_module(f"tayari.cli.{self.module}"), name)
        part = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
        part.callback()(lambda: None)
        if isinstance(found, typer.Typer):
            part.add_typer(found, name=name)
        else:
            part.command(name, **self.settings)(found)
        group: Any = typer.main.get_command(part)
        return group.commands[name]


COMMANDS: Final[Mapping[str, CommandRow]] = {
    "demo": CommandRow(
        "check_commands",
        "Test a sample shop with the fake Daraja, in about a minute. Payments, a short load, and the report.",
    ),
    "simulate": CommandRow(
        "setup_commands",
        "Run the fake Daraja alone. It prints one JSON line when it is ready. See `tayari simulate --help`.",
        _FORWARDED,
    ),
    "init": CommandRow(
        "setup_commands",
        "Write a target file from your merchant's source. With --example, write the sample shop.",
    ),
    "doctor": CommandRow("check_commands", "Make two payments, and say what is wrong with the set-up. No rule runs."),
    "check": CommandRow(
        "check_commands", "Run a suite against your merchant, and write the reports. The exit code is the verdict."
    ),
    "gate": CommandRow(
        "check_commands",
        "For CI: play only these scenarios; the exit code is the answer. Money decides, wrong words warn.",
    ),
    "load": CommandRow(
        "load_command",
        "Put your merchant under load. The thresholds of the target file are judged on settled payments.",
    ),
    "explain": CommandRow("explain_command", "Explain a code, or a payment that a running simulator had."),
    "watch": CommandRow("watch_command", "Show the timeline of a running simulator in the terminal."),
    "trigger": CommandRow("trigger_command", "Send a callback, and show what the merchant answers."),
    "rules": CommandRow("reference_commands", "Show the catalogue of rules."),
    "scenarios": CommandRow("reference_commands", "Show or check the scenario files."),
    "schema": CommandRow(
        "setup_commands", "Print the JSON Schema of a file that you write. Editors and other tools read it."
    ),
    "report": CommandRow("report_commands", "Work on run.json files."),
    "parity": CommandRow("parity_command", "Record what a Daraja answers, and compare the fake with it."),
    "docs": CommandRow("reference_commands", "Show the documents: all topics, or the page of one."),
}


class CommandTable(TyperGroup):
    """The commands of the table: known by name and summary, loaded when one is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the arguments name, with its options."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, COMMANDS[name].load(name) if name else known, rest


app = typer.Typer(
    name="tayari",
    cls=CommandTable,
    help="Is your M-Pesa integration ready for production, and what is the proof?",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _row in COMMANDS.items():
    app.command(_name, help=_row.summary)(lambda: None)


def _print_version(wanted: bool) -> None:
    if wanted:
        from tayari_simulator import build

        typer.echo(f"{package.__version__} (simulator: {build()})")
        raise typer.Exit


@app.callback()
def tayari(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version, and whether the simulator is compiled.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Is your M-Pesa integration ready for production, and what is the proof?"""


def run(arguments: Sequence[str], program: typer.Typer = app) -> int:
    """Run one command line; the exit code."""
    try:
        program(args=list(arguments), prog_name="tayari")
    except SystemExit as end:
        return _exit_code(end.code)
    except OSError as error:
        if "--install-completion" not in arguments:
            return _our_failure(error)
        do = "set HOME to a folder that you may write to, or add what `tayari --show-completion` prints by hand"
        typer.echo(f"{error.filename}: cannot be written ({error.strerror}); {do}", err=True)
        return int(Exit.BAD_CONFIGURATION)
    except Exception as error:  # noqa: BLE001 - the edge of the program: a defect of ours is reported in one line
        return _our_failure(error)
    return int(Exit.OK)


def _exit_code(code: object) -> int:
    """Usage errors are bad configuration; a Ctrl-C outside of a run leaves no verdict."""
    if code is None:
        return int(Exit.OK)
    if code == _USAGE_ERROR:
        return int(Exit.BAD_CONFIGURATION)
    if code in _ABORTED:
        typer.echo("interrupted before it was done: there is no verdict, and no report was written", err=True)
        return int(Exit.INVALID_RUN)
    return code if isinstance(code, int) else int(Exit.OUR_FAILURE)


def _our_failure(error: Exception) -> int:
    import tempfile

    message = f"Tayari failed, not your merchant: {type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message += f"; make room on the disk that is full ({error.filename or tempfile.gettempdir()}), and run it again"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="tayari-failure-", suffix=".log", delete=False) as file:
            file.write("".join(traceback.format_exception(error)))
        message += f"; the traceback is in {file.name}"
    except OSError as unwritten:
        message += f"; the traceback cannot be written ({unwritten.strerror})"
    typer.echo(message, err=True)
    return int(Exit.OUR_FAILURE)
