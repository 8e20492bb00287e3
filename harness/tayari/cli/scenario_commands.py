"""`tayari scenarios`: the scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_simulator.scenarios.model import Scenario
from tayari_simulator.scenarios.read import read_scenarios
from tayari_target.resources import scenario_folder

from tayari.cli.options import FormatOption, ScenariosOption
from tayari.cli.output import Format, Output

scenarios = typer.Typer(help="The scenario files.", no_args_is_help=True)


@scenarios.command("list")
def list_scenarios(folders: ScenariosOption = None, form: FormatOption = Format.TEXT) -> None:
    """All scenarios: name and situation."""
    output = Output(form)
    found = _read(folders, output)
    output.json([{**each.summary(), "file": each.file} for each in found])
    output.table(("name", "situation"), [(each.name, each.about) for each in found])


@scenarios.command("show")
def show_scenario(
    name: Annotated[str, typer.Argument()], folders: ScenariosOption = None, form: FormatOption = Format.TEXT
) -> None:
    """One scenario as its file has it."""
    output = Output(form)
    found = {each.name: each for each in _read(folders, output)}
    if name not in found:
        raise output.fail(f"{name} is no scenario{suggestion(name, found)}", Exit.BAD_CONFIGURATION)
    output.json(found[name].to_dict())
    output.text(Path(found[name].file).read_text(encoding="utf-8").rstrip())


@scenarios.command("lint")
def lint_scenarios(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: the shipped ones.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check scenario files: one line for each mistake, with file and line."""
    output = Output(form)
    found, problems = read_scenarios(paths or [scenario_folder()])
    output.json({"scenarios": len(found), "problems": [problem.to_dict() for problem in problems]})
    for problem in problems:
        output.text(str(problem), style="red")
    output.text(f"{len(found)} scenarios, {len(problems)} problems")
    if problems or not found:
        raise typer.Exit(int(Exit.BAD_CONFIGURATION))


def _read(folders: list[Path] | None, output: Output) -> list[Scenario]:
    found, problems = read_scenarios((scenario_folder(), *(folders or ())))
    if problems:
        raise output.fail("\n".join(map(str, problems)), Exit.BAD_CONFIGURATION)
    return found
