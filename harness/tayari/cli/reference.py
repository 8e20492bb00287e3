"""`tayari rules`, `tayari scenarios`: what to look up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from tayari_contracts.rules import CatalogueRow, canonical, catalogue
from tayari_formats.suggestion import suggestion
from tayari_reports.jsonio import to_dict
from tayari_simulator.scenarios.model import Scenario
from tayari_simulator.scenarios.read import read_scenarios
from tayari_target.resources import scenario_folder

from tayari.cli.options import FormatOption, ScenariosOption
from tayari.cli.speech import Format, Speech
from tayari.run.findings import Exit

rules = typer.Typer(help="The catalogue of rules.", no_args_is_help=True)
scenarios = typer.Typer(help="The scenario files.", no_args_is_help=True)


@rules.command("list")
def list_rules(
    suite: Annotated[str | None, typer.Option("--suite", help="Only the rules of this suite.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """All rules: id, level, severity, suites, title."""
    speech = Speech(form)
    rows = [row for row in catalogue().values() if suite is None or suite in row.suites]
    speech.json([_row(row) for row in rows])
    cells = [
        (row.rule.id, row.rule.level.value, row.rule.severity.value, " ".join(sorted(row.suites)), row.rule.title)
        for row in rows
    ]
    speech.table(("id", "level", "severity", "suites", "title"), cells)


@rules.command("show")
def show_rule(rule_id: Annotated[str, typer.Argument(metavar="ID")], form: FormatOption = Format.TEXT) -> None:
    """One rule: why it matters in money, and how to mend a failure."""
    speech = Speech(form)
    row = catalogue().get(canonical(rule_id))
    if row is None:
        near = suggestion(canonical(rule_id), catalogue())
        raise speech.fail(f"{rule_id} is not a rule{near}", Exit.BAD_CONFIGURATION)
    speech.json(_row(row))
    rule = row.rule
    speech.text(f"{rule.id}  {rule.title}", style="bold")
    speech.table(
        ("", ""),
        [
            ("why", rule.why),
            ("fix", rule.fix),
            ("level", f"{rule.level}, {rule.severity}" + ("" if rule.waivable else ", cannot be waived")),
            ("category", rule.category.value),
            ("suites", " ".join(sorted(row.suites))),
            ("needs", " ".join(sorted(row.needs)) or "nothing beyond `pay`"),
            ("source", rule.source),
        ],
    )


@scenarios.command("list")
def list_scenarios(folders: ScenariosOption = None, form: FormatOption = Format.TEXT) -> None:
    """All scenarios: name and situation."""
    speech = Speech(form)
    found = _read(folders, speech)
    speech.json([{**each.summary(), "file": each.file} for each in found])
    speech.table(("name", "situation"), [(each.name, each.about) for each in found])


@scenarios.command("show")
def show_scenario(
    name: Annotated[str, typer.Argument()], folders: ScenariosOption = None, form: FormatOption = Format.TEXT
) -> None:
    """One scenario as its file has it."""
    speech = Speech(form)
    found = {each.name: each for each in _read(folders, speech)}
    if name not in found:
        raise speech.fail(f"{name} is no scenario{suggestion(name, found)}", Exit.BAD_CONFIGURATION)
    speech.json(found[name].to_dict())
    speech.text(Path(found[name].file).read_text(encoding="utf-8").rstrip())


@scenarios.command("lint")
def lint_scenarios(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: the shipped ones.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check scenario files: one line for each mistake, with file and line."""
    speech = Speech(form)
    found, problems = read_scenarios(paths or [scenario_folder()])
    speech.json({"scenarios": len(found), "problems": [problem.to_dict() for problem in problems]})
    for problem in problems:
        speech.text(str(problem), style="red")
    speech.text(f"{len(found)} scenarios, {len(problems)} problems")
    if problems or not found:
        raise typer.Exit(int(Exit.BAD_CONFIGURATION))


def _row(row: CatalogueRow) -> dict[str, object]:
    return {**to_dict(row.rule), "suites": sorted(row.suites), "needs": sorted(row.needs), "family": row.family}


def _read(folders: list[Path] | None, speech: Speech) -> list[Scenario]:
    found, problems = read_scenarios((scenario_folder(), *(folders or ())))
    if problems:
        raise speech.fail("\n".join(map(str, problems)), Exit.BAD_CONFIGURATION)
    return found
