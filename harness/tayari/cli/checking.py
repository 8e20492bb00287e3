"""`tayari check`, `tayari gate` and `tayari demo`: the commands that end in a verdict."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer
from tayari_contracts.rules import UnknownRule, canonical, select
from tayari_formats.suggestion import suggestion
from tayari_reports.errors import ReportError
from tayari_reports.terminal import render_terminal
from tayari_reports.write_json import summary
from tayari_simulator.scenarios.read import read_scenarios
from tayari_target.resources import example_folder, scenario_folder

from tayari.cli.options import (
    DEFAULT_TARGET,
    AttestationsOption,
    ControlOption,
    ControlPortOption,
    FormatOption,
    OutOption,
    PortOption,
    ProfileOption,
    ScenariosOption,
    SeedOption,
    SignOffOption,
    TargetArgument,
    WaiversOption,
    stage_options,
)
from tayari.cli.speech import Format, Speech, failures
from tayari.run.findings import Exit
from tayari.run.order import SUITES, LoadOrder, Order
from tayari.run.session import Result
from tayari.run.session import check as run_check
from tayari.run.statements import StatementFiles

_OUT = Path("tayari-report")
_DEMO_LOAD = LoadOrder(users=10, duration_s=15)


def check(
    *,
    target: TargetArgument = DEFAULT_TARGET,
    suite: Annotated[str, typer.Option("--suite", help="smoke, ci, release or load.")] = "ci",
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this rule, such as C03 (repeatable).")] = None,
    load: Annotated[
        bool | None, typer.Option("--load/--no-load", help="A load run after the suite; release has one, load is one.")
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="Of the load run.")] = None,
    duration: Annotated[float, typer.Option("--duration", min=1, help="Of the load run, seconds.")] = 20.0,
    out: OutOption = _OUT,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    scenarios: ScenariosOption = None,
    waivers: WaiversOption = None,
    attestations: AttestationsOption = None,
    sign_off: SignOffOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a suite against your merchant, write the reports, and give the verdict as exit code."""
    speech = Speech(form)
    wanted = tuple(canonical(rule) for rule in only or ())
    _known_rules(suite, wanted, speech)
    loaded = load if load is not None else suite in {"release", "load"} and not wanted
    if suite == "load" and not loaded:
        raise speech.fail(
            "--suite load is the load run: leave out --no-load and --only; single rules run in the other suites",
            Exit.BAD_CONFIGURATION,
        )
    order = Order(
        target=target,
        suite=suite,
        only=wanted,
        out=out,
        load=LoadOrder(users=users, duration_s=duration, seed=seed) if loaded else None,
        functional=suite != "load",
        control_url=control,
        stage=stage_options(port, control_port, profile, seed, scenarios),
        statements=StatementFiles(waivers=waivers, attestations=attestations, sign_off=sign_off),
    )
    finish(order, speech)


def gate(
    *,
    words: Annotated[
        list[str], typer.Argument(metavar="[TARGET] SCENARIO...", help="Scenario names; `payment/*` too.")
    ],
    out: OutOption = _OUT,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    scenarios: ScenariosOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """CI: play these scenarios only; the exit code is the answer."""
    speech = Speech(form)
    target, patterns = (Path(words[0]), words[1:]) if words[0].endswith((".yaml", ".yml")) else (DEFAULT_TARGET, words)
    options = stage_options(port, control_port, profile, seed, scenarios)
    names = _scenario_names(patterns, (scenario_folder(), *options.scenarios), speech)
    finish(Order(target=target, scenarios=names, out=out, control_url=control, stage=options), speech)


def demo(
    out: OutOption = _OUT,
    seed: SeedOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """A fake Daraja, a sample merchant, real payments, a short load, and the report: about a minute."""
    speech = Speech(form)
    speech.text("The sample merchant `duka` against a fake Daraja, all on this machine.", style="bold")
    target = example_folder() / "tayari.yaml"
    options = stage_options(0, 0, "documented", seed, None)
    finish(Order(target=target, suite="smoke", out=out, load=_DEMO_LOAD, stage=options), speech)


def finish(order: Order, speech: Speech) -> None:
    """Run, print, and end with the verdict's exit code."""
    with failures(speech):
        try:
            with speech.voice() as voice:
                result = run_check(order, voice)
        except ReportError as error:
            raise speech.fail(str(error), Exit.BAD_CONFIGURATION) from error
    _tell(result, speech)
    raise typer.Exit(result.exit_code)


def _tell(result: Result, speech: Speech) -> None:
    reports = {name: str(path) for name, path in result.reports.items()}
    preflight = [
        {"name": row.name, "ok": row.ok, "message": row.message, "fix": row.fix} for row in result.run.preflight
    ]
    judged = {**summary(result.judgement), "exit_code": result.exit_code}
    speech.json({**judged, "preflight": preflight, "reports": reports})
    if speech.form is Format.TEXT:
        speech.text()
        render_terminal(result.run, result.judgement, speech.out)
        speech.text(f"\nreport  {result.reports['html'].resolve()}", style="bold")
        speech.text("also    " + ", ".join(path.name for name, path in result.reports.items() if name != "html"))


def _known_rules(suite: str, only: tuple[str, ...], speech: Speech) -> None:
    if suite not in SUITES:
        raise speech.fail(f"{suite!r} is not a suite; expected one of {', '.join(SUITES)}", Exit.BAD_CONFIGURATION)
    try:
        select(suite=suite, only=only)
    except UnknownRule as error:
        raise speech.fail(f"{error}; `tayari rules list` shows all of them", Exit.BAD_CONFIGURATION) from error


def _scenario_names(patterns: list[str], folders: tuple[Path, ...], speech: Speech) -> tuple[str, ...]:
    """The names that are meant, in the order of the command line.

    Raises:
        typer.Exit: none was given, or one matches nothing.
    """
    found, problems = read_scenarios(folders)
    if problems:
        raise speech.fail("\n".join(map(str, problems)), Exit.BAD_CONFIGURATION)
    known = [scenario.name for scenario in found]
    if not patterns:
        do = "name at least one; `tayari scenarios list` shows them"
        raise speech.fail(f"no scenario was named; {do}", Exit.BAD_CONFIGURATION)
    names: dict[str, None] = {}
    for pattern in patterns:
        matching = [name for name in known if fnmatchcase(name, pattern)]
        if not matching:
            near = suggestion(pattern, known)
            raise speech.fail(f"{pattern!r} is no scenario{near}", Exit.BAD_CONFIGURATION)
        names |= dict.fromkeys(matching)
    return tuple(names)
