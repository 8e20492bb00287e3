"""`tayari doctor`, `check`, `gate` and `demo`: the commands that start a merchant and look at it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from shutil import which
from typing import Annotated

import typer
from tayari_contracts.catalogue.rules import SUITES, UnknownRule, canonical, catalogue, select
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_reports.verdict.sentences import shout
from tayari_reports.writers.terminal import render_terminal
from tayari_reports.writers.write_json import summary
from tayari_target.resources import example_folder, scenario_folder

from tayari.cli.ci_files import CiFiles
from tayari.cli.command_options import (
    DEFAULT_TARGET,
    AttestationsOption,
    BuildOption,
    ControlOption,
    ControlPortOption,
    FormatOption,
    InstancesOption,
    JunitOption,
    OutOption,
    PortOption,
    ProfileOption,
    ScenariosOption,
    SeedOption,
    SignOffOption,
    SummaryOption,
    TargetArgument,
    WaiversOption,
    environment_options,
)
from tayari.cli.output import Format, Output, failures
from tayari.run.load import INSTALL, installed
from tayari.run.order import LoadOrder, RunOrder
from tayari.run.session import RunResult
from tayari.run.session import check as run_check
from tayari.run.session import doctor as run_doctor
from tayari.run.statement_files import StatementFiles

_OUT = Path("tayari-report")
_DEMO_LOAD = LoadOrder(users=10, duration_s=15)


def check(
    *,
    target: TargetArgument = DEFAULT_TARGET,
    suite: Annotated[str, typer.Option("--suite", help="smoke, ci, release or load.")] = "ci",
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this rule, such as C03; repeatable, or C03,C04.")
    ] = None,
    load: Annotated[
        bool | None,
        typer.Option("--load/--no-load", help="A load run after the suite; default: only in release and load."),
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="Users of the load run.")] = None,
    duration: Annotated[float, typer.Option("--duration", min=1, help="Seconds of the load run.")] = 20.0,
    out: OutOption = _OUT,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    instances: InstancesOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    scenarios: ScenariosOption = None,
    waivers: WaiversOption = None,
    attestations: AttestationsOption = None,
    sign_off: SignOffOption = None,
    build: BuildOption = "",
    junit: JunitOption = None,
    summary: SummaryOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a suite against your merchant, and write the reports. The exit code is the verdict."""
    output = Output(form)
    wanted = tuple(canonical(rule) for each in only or () for rule in each.split(","))
    loaded = load if load is not None else suite in {"release", "load"} and not wanted
    _known_rules(suite, wanted, output, loaded=loaded)
    order = RunOrder(
        target=target,
        suite=suite,
        only=wanted,
        build=build,
        out=out,
        load=LoadOrder(users=users, duration_s=duration, seed=seed) if loaded else None,
        functional=suite != "load",
        control_url=control,
        instances=instances,
        environment=environment_options(port, control_port, profile, seed, scenarios),
        statements=StatementFiles(waivers=waivers, attestations=attestations, sign_off=sign_off),
    )
    finish(order, output, CiFiles.of(os.environ, junit=junit, summary=summary))


def gate(
    *,
    words: Annotated[
        list[str], typer.Argument(metavar="[TARGET] SCENARIO...", help="Scenario names; `payment/*` too.")
    ],
    out: OutOption = _OUT,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    instances: InstancesOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    scenarios: ScenariosOption = None,
    strict_words: Annotated[
        bool, typer.Option("--strict-words", help="Wrong words to the customer are a failure, not only a warning.")
    ] = False,
    waivers: WaiversOption = None,
    build: BuildOption = "",
    junit: JunitOption = None,
    summary: SummaryOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """For CI: play only these scenarios; the exit code is the answer. Money decides, wrong words warn."""
    output = Output(form)
    target, patterns = (Path(words[0]), words[1:]) if words[0].endswith((".yaml", ".yml")) else (DEFAULT_TARGET, words)
    options = environment_options(port, control_port, profile, seed, scenarios)
    names = _scenario_names(patterns, (scenario_folder(), *options.scenarios), output)
    order = RunOrder(
        target=target,
        scenarios=names,
        build=build,
        strict_words=strict_words,
        out=out,
        control_url=control,
        instances=instances,
        environment=options,
        statements=StatementFiles(waivers=waivers),
    )
    finish(order, output, CiFiles.of(os.environ, junit=junit, summary=summary))


def demo(
    out: OutOption = _OUT,
    seed: SeedOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Test a sample shop with the fake Daraja, in about a minute. Payments, a short load, and the report."""
    output = Output(form)
    output.text("The sample merchant `duka` against a fake Daraja, all on this machine.", style="bold")
    order = demo_order(out, seed, loaded=installed())
    if order.load is None:
        output.text(f"No load is played, for Locust is not installed; {INSTALL}", style="yellow")
    try:
        finish(order, output)
    finally:
        _print_next_commands(output)


def demo_order(out: Path, seed: int | None, *, loaded: bool) -> RunOrder:
    """What the demo runs. Locust is an extra: without it the suite alone is judged."""
    return RunOrder(
        target=example_folder() / "tayari.yaml",
        suite="smoke",
        out=out,
        load=_DEMO_LOAD if loaded else None,
        environment=environment_options(0, 0, "documented", seed, None),
    )


def _print_next_commands(output: Output) -> None:
    """The commands to go on with, as they work in this folder and by this name of the program."""
    program = "tayari" if which("tayari") == which(sys.argv[0]) else os.path.relpath(sys.argv[0])
    target = Path("examples/duka/tayari.yaml")
    output.text("\nbreak the shop, and look again", style="bold")
    if not target.exists():
        output.text(f"  {program} init --example")
    output.text(f"  DUKA_DEFECTS=double-credit {program} check {target} --only C03")


def doctor(
    *,
    target: TargetArgument = DEFAULT_TARGET,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make two payments, and say what is wrong with the set-up. No rule runs."""
    output = Output(form)
    order = RunOrder(
        target=target, control_url=control, environment=environment_options(port, control_port, profile, seed, None)
    )
    with failures(output), output.progress() as progress:
        findings = run_doctor(order, progress)
    rows = [asdict(finding.record()) for finding in findings]
    code = next((int(finding.exit_code) for finding in findings if not finding.ok), int(Exit.OK))
    warnings = [row for row in findings if row.ok and row.fix]
    output.json({"ok": code == 0, "warnings": len(warnings), "findings": rows, "exit_code": code})
    if code == 0 and warnings:
        keys = ", ".join(dict.fromkeys(row.name for row in warnings))
        found = "warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        why = "where the set-up is the cause, rules would blame your merchant for it"
        output.text(f"nothing stops `tayari check`, but look at the {found} first ({keys}): {why}", style="yellow")
    elif code == 0:
        output.text("the set-up is sound: `tayari check` can judge your merchant", style="green")
    raise typer.Exit(code)


def finish(order: RunOrder, output: Output, ci_files: CiFiles | None = None) -> None:
    """Run, print, and end with the verdict's exit code."""
    ci_files = ci_files or CiFiles.of(os.environ)
    ci_files.require_writable(output)
    with failures(output), output.progress() as progress:
        result = run_check(order, progress)
    _print_result(result, output)
    ci_files.write(result.run, result.judgement, target=order.target, out=order.out, output=output)
    raise typer.Exit(result.exit_code)


def _print_result(result: RunResult, output: Output) -> None:
    reports = {name: str(path) for name, path in result.reports.items()}
    preflight = [asdict(row) for row in result.run.preflight]
    judged = {**summary(result.judgement), "exit_code": result.exit_code}
    unwritten = {"unwritten": result.unwritten} if result.unwritten else {}
    output.json({**judged, "preflight": preflight, "reports": reports, **unwritten})
    if output.form is Format.TEXT:
        output.text()
        render_terminal(result.run, result.judgement, output.out)
        if result.unwritten:
            do = "make room, and run it again: without its proof no run ends with 0"
            output.text(f"\nnot all reports: {result.unwritten}; {do}", style="bold red")
            return
        output.text(f"\nreport  {result.reports['html'].resolve()}", style="bold")
        output.text("also    " + ", ".join(path.name for name, path in result.reports.items() if name != "html"))
        output.text(f"result  {shout(result.judgement)}, exit code {result.exit_code}", style="bold")


def _known_rules(suite: str, only: tuple[str, ...], output: Output, *, loaded: bool) -> None:
    if suite not in SUITES:
        raise output.fail(f"{suite!r} is not a suite; expected one of {', '.join(SUITES)}", Exit.BAD_CONFIGURATION)
    try:
        select(suite=suite, only=only)
    except UnknownRule as error:
        more = "" if str(error).endswith("?") else "; `tayari rules list` shows all"
        raise output.fail(f"{error}{more}", Exit.BAD_CONFIGURATION) from error
    under_load = [rule for rule in only if catalogue()[rule].family == "performance"]
    if suite == "load" and not loaded:
        do = "leave out --no-load and --only; single rules run in the other suites"
        raise output.fail(f"--suite load is the load run: {do}", Exit.BAD_CONFIGURATION)
    if under_load and not loaded:
        do = "add --load, or run `tayari load`"
        raise output.fail(f"--only {' '.join(under_load)}: judged under load alone; {do}", Exit.BAD_CONFIGURATION)


def _scenario_names(patterns: list[str], folders: tuple[Path, ...], output: Output) -> tuple[str, ...]:
    """The names that are meant, in the order of the command line.

    Raises:
        typer.Exit: none was given, or one matches nothing.
    """
    from tayari_contracts.runner.scenario_kinds import KINDS
    from tayari_simulator.scenarios.scenario_reader import read_scenarios
    from tayari_simulator.state.behaviour import Call

    checked = {Call.STK_PUSH, Call.STK_QUERY, Call.OAUTH, *KINDS}  # a check would never meet scenarios of other calls
    found, problems = read_scenarios(folders)
    if problems:
        raise output.fail("\n".join(map(str, problems)), Exit.BAD_CONFIGURATION)
    known = [scenario.name for scenario in found]
    if not patterns:
        do = "name at least one; `tayari scenarios list` shows them"
        raise output.fail(f"no scenario was named; {do}", Exit.BAD_CONFIGURATION)
    names: dict[str, None] = {}
    for pattern in patterns:
        matching = [scenario for scenario in found if fnmatchcase(scenario.name, pattern)]
        names |= dict.fromkeys(row.name for row in matching if row.when.endpoint in checked)
        if matching and not any(row.name in names for row in matching):
            calls = ", ".join(sorted({row.when.endpoint for row in matching}))
            played = "a check plays scenarios of STK payments, payouts, refunds and payments by customers (C2B)"
            problem = f"{pattern!r} is about {calls} calls, and {played}"
            raise output.fail(f"{problem}; play it with `tayari simulate` or `tayari trigger`", Exit.BAD_CONFIGURATION)
        if not matching:
            near = suggestion(pattern, known) or "; `tayari scenarios list` shows all"
            raise output.fail(f"{pattern!r} is no scenario{near}", Exit.BAD_CONFIGURATION)
    return tuple(names)
