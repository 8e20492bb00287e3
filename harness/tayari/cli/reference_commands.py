"""`tayari rules`, `tayari scenarios`, `tayari docs`: what ships with this version, to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion

from tayari.cli.command_options import FormatOption, ScenariosOption
from tayari.cli.output import Format, Output

if TYPE_CHECKING:  # each command loads what it shows, and nothing of the others
    from tayari_contracts.catalogue.rules import CatalogueRow
    from tayari_simulator.scenarios.scenario_model import Scenario

SOURCES: Final = {
    "D": "Daraja's documentation",
    "O": "observed behaviour",
    "C": "many clients or reports",
    "E": "engineering judgement",
    "X": "sources that disagree",
}
"""What the letters of a rule's source mean."""

rules = typer.Typer(help="Show the catalogue of rules.", no_args_is_help=True)


@rules.command("list")
def list_rules(
    suite: Annotated[str | None, typer.Option("--suite", help="Only the rules of this suite.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List all rules: id, level, severity, suites, title."""
    from tayari_contracts.catalogue.rules import catalogue

    output = Output(form)
    rows = [row for row in catalogue().values() if suite is None or suite in row.suites]
    output.json([_rule_row(row) for row in rows])
    cells = [
        (row.rule.id, row.rule.level.value, row.rule.severity.value, " ".join(sorted(row.suites)), row.rule.title)
        for row in rows
    ]
    output.table(("id", "level", "severity", "suites", "title"), cells)


@rules.command("show")
def show_rule(rule_id: Annotated[str, typer.Argument(metavar="ID")], form: FormatOption = Format.TEXT) -> None:
    """Show one rule: why it matters in money, and how to fix a failure."""
    from tayari_contracts.catalogue.rules import canonical, catalogue

    output = Output(form)
    row = catalogue().get(canonical(rule_id))
    if row is None:
        near = suggestion(canonical(rule_id), catalogue())
        raise output.fail(f"{rule_id} is not a rule{near or '; `tayari rules list` shows all'}", Exit.BAD_CONFIGURATION)
    output.json(_rule_row(row))
    rule = row.rule
    output.text(f"{rule.id}  {rule.title}", style="bold")
    output.table(
        ("", ""),
        [
            ("why", rule.why),
            ("fix", rule.fix),
            ("level", f"{rule.level}, {rule.severity}" + ("" if rule.waivable else ", cannot be waived")),
            ("category", rule.category.value),
            ("suites", " ".join(sorted(row.suites))),
            ("needs", " ".join(sorted(row.needs)) or "nothing beyond `pay`"),
            ("source", "; ".join(SOURCES[letter] for letter in rule.source.split(", "))),
        ],
    )


def _rule_row(row: CatalogueRow) -> dict[str, object]:
    from tayari_reports.model.run_files import to_dict

    return {**to_dict(row.rule), "suites": sorted(row.suites), "needs": sorted(row.needs), "family": row.family}


scenarios = typer.Typer(help="Show or check the scenario files.", no_args_is_help=True)


@scenarios.command("list")
def list_scenarios(folders: ScenariosOption = None, form: FormatOption = Format.TEXT) -> None:
    """List all scenarios: name and situation."""
    output = Output(form)
    found = _scenarios_of(folders, output)
    output.json([{**each.summary(), "file": each.file} for each in found])
    output.table(("name", "situation"), [(each.name, each.about) for each in found])


@scenarios.command("show")
def show_scenario(
    name: Annotated[str, typer.Argument()], folders: ScenariosOption = None, form: FormatOption = Format.TEXT
) -> None:
    """Show one scenario as its file has it."""
    output = Output(form)
    found = {each.name: each for each in _scenarios_of(folders, output)}
    if name not in found:
        near = suggestion(name, found) or "; `tayari scenarios list` shows all"
        raise output.fail(f"{name} is no scenario{near}", Exit.BAD_CONFIGURATION)
    output.json(found[name].to_dict())
    output.text(Path(found[name].file).read_text(encoding="utf-8").rstrip())


@scenarios.command("lint")
def lint_scenarios(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: the shipped ones.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check scenario files: one line for each mistake, with file and line."""
    from tayari_simulator.scenarios.scenario_reader import read_scenarios
    from tayari_target.resources import scenario_folder

    output = Output(form)
    found, problems = read_scenarios(paths or [scenario_folder()])
    output.json({"scenarios": len(found), "problems": [problem.to_dict() for problem in problems]})
    for problem in problems:
        output.text(str(problem), style="red")
    output.text(f"{_count(len(found), 'scenario')}, {_count(len(problems), 'problem')}")
    if problems or not found:
        raise typer.Exit(int(Exit.BAD_CONFIGURATION))


def _scenarios_of(folders: list[Path] | None, output: Output) -> list[Scenario]:
    from tayari_simulator.scenarios.scenario_reader import read_scenarios
    from tayari_target.resources import scenario_folder

    found, problems = read_scenarios((scenario_folder(), *(folders or ())))
    if problems:
        raise output.fail("\n".join(map(str, problems)), Exit.BAD_CONFIGURATION)
    return found


def docs(
    topic: Annotated[
        str | None, typer.Argument(help="Such as target-file; left out: all topics.", show_default=False)
    ] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show the documents: all topics, or the page of one."""
    from tayari_target.resources import docs_folder

    output = Output(form)
    folder = docs_folder()
    pages = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if topic is None:
        rows = [(name, _title(path)) for name, path in pages.items()]
        output.json([{"topic": name, "title": title, "file": str(pages[name])} for name, title in rows])
        output.table(("topic", "about"), rows)
        output.text("\n`tayari docs TOPIC` prints a page (Markdown)", style="dim")
        return
    name = topic.removeprefix("docs/").removesuffix(".md")
    if name not in pages:
        near = suggestion(name, pages) or "; `tayari docs` lists them"
        raise output.fail(f"{topic!r} is no topic of the documents{near}", Exit.BAD_CONFIGURATION)
    text = pages[name].read_text(encoding="utf-8")
    output.json({"topic": name, "title": _title(pages[name]), "file": str(pages[name]), "text": text})
    if form is Format.TEXT:
        typer.echo(text, nl=False)


def _title(page: Path) -> str:
    """The page's first heading."""
    with page.open(encoding="utf-8") as lines:
        return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), page.stem)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
