"""The arguments and options that several commands share, each in one place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tayari.cli.output import Format

if TYPE_CHECKING:
    from tayari_control.simulator_process import SimulatorOptions

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


def profile_name(text: str) -> str:
    """A name that the simulator knows."""
    from tayari_formats.problems import suggestion
    from tayari_simulator.catalogue.options import PROFILES

    if text not in PROFILES:
        near = suggestion(text, PROFILES) or f"; expected one of {', '.join(PROFILES)}"
        raise typer.BadParameter(f"{text!r} is no profile{near}")
    return text


ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME",
        parser=profile_name,
        help="Which Daraja: documented, sandbox-observed, production-observed, sandbox-2026, production-2026, "
        "classic-2021 or hostile (`tayari simulate --provenance`).",
    ),
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
        help="Run the suite on N instances of your merchant; auto: as many as make it faster and this machine can run.",
    ),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Seed of everything random: the same one repeats a run.")
]
ScenariosOption = Annotated[
    list[Path] | None, typer.Option("--scenarios", help="A folder of scenario files besides the shipped ones.")
]
WaiversOption = Annotated[
    Path | None, typer.Option("--waivers", help="Known failures that a named person accepts (`tayari docs waivers`).")
]
BuildOption = Annotated[
    str,
    typer.Option("--build", help="Your name for the build under test; its commit is read from git or the CI server."),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", help="Write one more JUnit file, besides junit.xml in --out.")
]
SummaryOption = Annotated[
    Path | None, typer.Option("--summary", help="Append Markdown to this file; GitHub's step summary is the default.")
]
AttestationsOption = Annotated[
    Path | None,
    typer.Option("--attestations", help="Answers to the checklist (`tayari docs report`)."),
]
SignOffOption = Annotated[Path | None, typer.Option("--sign-off", help="The sign-off sheet (`tayari docs report`).")]


def environment_options(
    port: int | None,
    control_port: int | None,
    profile: str,
    seed: int | None,
    scenarios: list[Path] | None,
) -> SimulatorOptions:
    """The simulator's part of the command line in one record."""
    from tayari_control.simulator_process import SimulatorOptions

    folders = tuple(folder.resolve() for folder in scenarios or ())
    return SimulatorOptions(port=port, control_port=control_port, profile=profile, seed=seed, scenarios=folders)
