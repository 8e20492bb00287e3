"""The result in a terminal: verdict first, then what to do first, then the rest in short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tayari_reports.model import Load, Run, State, Verdict
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import Judgement, percent
from tayari_reports.verdict.load_words import balance_sentence, funnel_words, limit_sentence
from tayari_reports.verdict.sentences import (
    LIMITS,
    TWO_SHARES,
    answer,
    build_line,
    caused,
    confidence_line,
    counted,
    first_step,
    has_results,
    headline,
    is_partial_pass,
    narrowed_to,
    one_line,
    open_questions,
    scope,
    sentence,
)

_COLOURS: Final = {
    Verdict.READY: "green",
    Verdict.READY_WITH_MINOR_FIXES: "yellow",
    Verdict.INCONCLUSIVE: "blue",
    Verdict.NOT_READY: "red",
    Verdict.INVALID_RUN: "magenta",
}
_MOST: Final = 12


def render_terminal(run: Run, judgement: Judgement, console: Console) -> None:
    """Print the result. Texts of others are printed as they are, never as markup or escape sequences."""
    console.print(_verdict(run, judgement))
    _causes(console, judgement)
    _list(console, "Blocking rules without an answer", open_questions(judgement), "blue")
    _list(console, "Failures under a waiver", judgement.waived, "yellow")
    _list(console, "Lesser findings", judgement.minor, "yellow")
    if has_results(judgement):
        console.print(Text("\nResults by category", style="bold"))
        console.print(_categories(judgement))
        console.print(Text(TWO_SHARES, style="dim"))
    if run.load is not None:
        for line in _load_lines(run.load):
            console.print(line)
    if has_results(judgement):
        console.print(Text(one_line(confidence_line(judgement), 900), style="dim"))
    console.print(Text(LIMITS[0], style="dim"))


def _verdict(run: Run, judgement: Judgement) -> Panel:
    colour = "cyan" if is_partial_pass(judgement) else _COLOURS[judgement.verdict]
    figures = f"score {percent(judgement.score)} · coverage {percent(judgement.coverage)} · {counted(judgement)}"
    body = Group(
        Text(one_line(answer(judgement))),
        Text.assemble(("First: ", "bold"), one_line(sentence(first_step(run, judgement)), 500)),
        Text(figures),
        Text(one_line(scope(run, judgement), 500), style="dim"),
        Text(one_line(f"Build: {build_line(run)}", 300), style="dim"),
    )
    only = f", for {narrowed}" if (narrowed := narrowed_to(judgement)) else ""
    title = Text(f" {headline(judgement).upper()}{only}: {one_line(run.merchant, 60)} ")
    title.stylize(f"bold {colour}")
    return Panel(body, title=title, title_align="left", border_style=colour)


def _causes(console: Console, judgement: Judgement) -> None:
    """The blocking failures, each cause with the rules that fail by it too."""
    if not judgement.blocking:
        return
    console.print(Text(f"\nBlocking failures, money first ({caused(judgement)})", style="bold red"))
    for cause in judgement.causes[:_MOST]:
        _print_finding(console, cause.root, "red")
        for one in cause.others:
            also = Text.assemble(("also ", "dim"), (one.rule.id, "red"), (f"  {one_line(one.rule.title, 120)}", "dim"))
            console.print(Padding(also, (0, 0, 0, 6), expand=False))
    if len(judgement.causes) > _MOST:
        console.print(Text(f"  and {len(judgement.causes) - _MOST} more causes in the report"))


def _list(console: Console, title: str, found: tuple[Outcome, ...], colour: str) -> None:
    if not found:
        return
    console.print(Text(f"\n{title} ({len(found)})", style=f"bold {colour}"))
    for one in found[:_MOST]:
        _print_finding(console, one, colour)
    if len(found) > _MOST:
        console.print(Text(f"  and {len(found) - _MOST} more in the report"))


def _print_finding(console: Console, one: Outcome, colour: str) -> None:
    head = Text.assemble((f"{one.rule.id}  ", f"bold {colour}"), one_line(one.rule.title, 120))
    console.print(Padding(head, (0, 0, 0, 2), expand=False))
    for line in (sentence(one.reason), one.repeat):
        if line:
            text = Text(one_line(line), style="dim" if line is one.repeat else "")
            console.print(Padding(text, (0, 0, 0, 6), expand=False))


def _categories(judgement: Judgement) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Category")
    for name in ("Rules", "Passed", "Failed", "Not judged", "Success"):
        table.add_column(name, justify="right")
    for row in (*judgement.categories, judgement.total):
        cells = (row.total, row.counts[State.PASS], row.failed, row.not_judged, row.success)
        table.add_row(row.name, *map(str, cells), style="bold" if row is judgement.total else "")
    return table


def _load_lines(load: Load) -> Iterator[Text]:
    few = "too few for a p95" if load.settled else "no settled payment"
    p95 = few if load.settled_p95_s is None else f"p95 {load.settled_p95_s:.2f} s"
    who = f"up to {load.users} payments in flight" if load.model == "open" else f"{load.users} users"
    yield Text(
        f"Load: {who} for {load.duration_s:.0f} s, {load.started} started, {load.settled} settled, "
        f"{load.stuck} stuck, {load.credited_twice} credited twice, {p95}"
    )
    yield from (Text(f"  {funnel_words(row)}") for row in load.funnels)
    if load.ended_early:
        yield Text(f"Ended early: {load.ended_early}", style="yellow")
    if load.limit is not None:
        yield Text(sentence(limit_sentence(load.limit)))
    if load.balance is not None:
        yield Text(sentence(balance_sentence(load.balance)), style="bold red" if load.balance.problems else "dim")
    for warning in load.warnings:
        yield Text(f"Warning: {warning}", style="yellow")
    for doubt in load.doubts:
        yield Text(f"Performance is not judged: {doubt}", style="yellow")
