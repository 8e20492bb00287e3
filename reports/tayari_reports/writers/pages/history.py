"""A folder of run.json files as one page: score and coverage over time, and what each run said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tayari_reports.model import Run, Verdict
from tayari_reports.model.codec import ReportError
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import Judgement, judge, percent, sentences
from tayari_reports.verdict.comparison import compare
from tayari_reports.writers.pages.charts import Chart, ChartMark, Series, chart
from tayari_reports.writers.pages.page_templates import page_templates

_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run of the history."""

    run: Run
    judgement: Judgement
    plan: str
    """Equal for runs whose scores may be compared: hash of rules and weights."""
    breaks: bool
    """Its plan is not the one of the run before: the line of the scores breaks here."""
    change: str = ""
    """Against the last run of the same plan: `2 new failures, 1 fixed`; empty where there is none."""

    @property
    def scored(self) -> bool:
        """Whether its score says anything: an invalid run's does not."""
        return self.judgement.verdict is not Verdict.INVALID_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The runs of one folder, oldest first, and the files that could not be used."""

    runs: tuple[Past, ...]
    refused: tuple[str, ...]


def read_history(folder: Path) -> History:
    """Every `*.json` below a folder that is a run; a run that is there twice counts once.

    Raises:
        ReportError: the folder holds no run at all.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder}: is no folder; expected one with run.json files in it, at any depth")
    runs: dict[str, Run] = {}
    refused: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        if not _may_be_run(path):
            continue
        try:
            run = read_run(path)
        except ReportError as wrong:
            refused.append(str(wrong))
        else:
            runs[run.run_id] = run
    if not runs:
        what = f"; {refused[0]}" if refused else ""
        raise ReportError(f"{folder}: no run in it; expected run.json files as `tayari check` writes them{what}")
    return History(runs=tuple(_past(runs.values())), refused=tuple(refused))


def render(history: History) -> str:
    """The trend page: one HTML file without a script."""
    environment = page_templates(
        percent=percent,
        moment=sentences.moment,
        headline=sentences.headline,
        build=sentences.build_line,
        tone=sentences.tone,
    )
    return environment.get_template("trend.html").render(
        runs=history.runs[::-1],
        refused=history.refused,
        chart=_chart(history.runs),
        answers={one.run.run_id: sentences.answer(one.judgement) for one in history.runs},
        merchants=", ".join(dict.fromkeys(one.run.merchant for one in history.runs)),
        limits=sentences.LIMITS,
    )


def _may_be_run(path: Path) -> bool:
    """Other reports are in the same folders; a run says `schema` near its beginning."""
    try:
        with path.open("rb") as file:
            return path.stat().st_size <= _MOST_BYTES and b'"schema"' in file.read(200)
    except OSError:
        return False


def _past(runs: Iterable[Run]) -> Iterable[Past]:
    before: Past | None = None
    last: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.finished_at):
        plan = plan_hash(run)
        judgement = judge(run)
        breaks = before is not None and plan != before.plan
        made = Past(run=run, judgement=judgement, plan=plan, breaks=breaks, change=_change(last.get(plan), run))
        if made.scored:
            last[plan] = run
        before = made
        yield made


def _change(old: Run | None, new: Run) -> str:
    if old is None or judge(new).verdict is Verdict.INVALID_RUN:
        return ""
    found = compare(old, new)
    parts = (
        (len(found.newly_failing), sentences.count_of(len(found.newly_failing), "new failure")),
        (len(found.newly_untested), f"{len(found.newly_untested)} no longer judged"),
        (len(found.fixed), f"{len(found.fixed)} fixed"),
        (len(found.newly_judged), f"{len(found.newly_judged)} newly judged"),
    )
    return ", ".join(words for number, words in parts if number) or "no change"


def plan_hash(run: Run) -> str:
    """Twelve hexadecimal digits, equal for runs of the same rules and weights."""
    rows = sorted(f"{rule.id} {rule.weight}" for rule in run.plan)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def _chart(runs: tuple[Past, ...]) -> Chart | None:
    if len(runs) < 2 or not any(one.scored for one in runs):
        return None
    score: list[tuple[float, float | None]] = []
    coverage: list[tuple[float, float | None]] = []
    for number, one in enumerate(runs):
        if one.breaks:
            score.append((number - 0.5, None))
            coverage.append((number - 0.5, None))
        score.append((float(number), one.judgement.score if one.scored else None))
        coverage.append((float(number), one.judgement.coverage if one.scored else None))
    breaks = tuple(ChartMark(at=number - 0.5, text="other plan") for number, one in enumerate(runs) if one.breaks)
    lines = (
        Series(name="score", css="b", points=score, dots=True),
        Series(name="coverage", css="a", points=coverage, dots=True),
    )
    ends = sentences.moment(runs[0].run.finished_at)[:10], sentences.moment(runs[-1].run.finished_at)[:10]
    return chart("Score and coverage", lines, marks=breaks, ends=ends, top=100.0)
