"""The arguments and options that several commands share, each in one place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tayari.cli.output import Format

if TYPE_CHECKING:
    from tayari_target.environment_options import StageOptions

DEFAULT_TARGET = Path("tayari.yaml")

TargetArgument = Annotated[Path, typer.Argument(help="The target file.", show_default="tayari.yaml")]
FormatOption = Annotated[Format, typer.Option("--format", help="What standard output carries.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the reports.")]
PortOption = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Daraja port; 0: the system chooses.")]
ControlPortOption = Annotated[
    int | None, typer.Option("--control-port", min=0, max=65535, help="Control port; 0: the system chooses.")
]
ControlOption = Annotated[
    str | None, typer.Option("--control", help="Control URL of a simulator that runs already.", metavar="URL")
]
ProfileOption = Annotated[
    str, typer.Option("--profile", help="Which Daraja: documented, sandbox-observed or production-observed.")
]


def number_or_auto(text: str) -> int | None:
    """How many instances; None for `auto`."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is no number of instances; expected 1 or more, or auto")
    return int(text)


InstancesOption = Annotated[
    int | None,
    typer.Option(
        "--instances",
        metavar="N|auto",
        parser=number_or_auto,
        show_default="auto",
        help="Run the suite on so many instances of your merchant; auto: as many as help, and this machine bears.",
    ),
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Of everything random, to repeat a run.")]
ScenariosOption = Annotated[
    list[Path] | None, typer.Option("--scenarios", help="A folder of scenario files besides the shipped ones.")
]
WaiversOption = Annotated[
    Path | None, typer.Option("--waivers", help="Known failures that somebody answers for (docs/waivers.md).")
]
BuildOption = Annotated[
    str,
    typer.Option("--build", help="Your name for the build under test; its commit is read from git or the CI server."),
]
JunitOption = Annotated[Path | None, typer.Option("--junit", help="A JUnit file, besides junit.xml in --out.")]
SummaryOption = Annotated[
    Path | None, typer.Option("--summary", help="Append Markdown to this file; GitHub's step summary is the default.")
]
AttestationsOption = Annotated[
    Path | None, typer.Option("--attestations", help="Answers of named persons to the checklist (docs/report.md).")
]
SignOffOption = Annotated[Path | None, typer.Option("--sign-off", help="The sign-off sheet (docs/report.md).")]


def stage_options(
    port: int | None,
    control_port: int | None,
    profile: str,
    seed: int | None,
    scenarios: list[Path] | None,
) -> StageOptions:
    """The simulator's part of the command line in one record."""
    from tayari_target.environment_options import StageOptions

    folders = tuple(folder.resolve() for folder in scenarios or ())
    return StageOptions(port=port, control_port=control_port, profile=profile, seed=seed, scenarios=folders)
