"""`tayari rules`: the catalogue of rules."""

from __future__ import annotations

from typing import Annotated

import typer
from tayari_contracts.catalogue.rules import CatalogueRow, canonical, catalogue
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_reports.model.run_files import to_dict

from tayari.cli.options import FormatOption
from tayari.cli.output import Format, Output

rules = typer.Typer(help="The catalogue of rules.", no_args_is_help=True)


@rules.command("list")
def list_rules(
    suite: Annotated[str | None, typer.Option("--suite", help="Only the rules of this suite.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """All rules: id, level, severity, suites, title."""
    output = Output(form)
    rows = [row for row in catalogue().values() if suite is None or suite in row.suites]
    output.json([_row(row) for row in rows])
    cells = [
        (row.rule.id, row.rule.level.value, row.rule.severity.value, " ".join(sorted(row.suites)), row.rule.title)
        for row in rows
    ]
    output.table(("id", "level", "severity", "suites", "title"), cells)


@rules.command("show")
def show_rule(rule_id: Annotated[str, typer.Argument(metavar="ID")], form: FormatOption = Format.TEXT) -> None:
    """One rule: why it matters in money, and how to mend a failure."""
    output = Output(form)
    row = catalogue().get(canonical(rule_id))
    if row is None:
        near = suggestion(canonical(rule_id), catalogue())
        raise output.fail(f"{rule_id} is not a rule{near}", Exit.BAD_CONFIGURATION)
    output.json(_row(row))
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
            ("source", rule.source),
        ],
    )


def _row(row: CatalogueRow) -> dict[str, object]:
    return {**to_dict(row.rule), "suites": sorted(row.suites), "needs": sorted(row.needs), "family": row.family}
