"""At most 30 lines of Markdown, for a pull request or a chat."""

from __future__ import annotations

import re
from typing import Final

from tayari_reports.model import Run, State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import CategoryRow, Judgement, percent
from tayari_reports.verdict.load_words import funnel_words
from tayari_reports.verdict.sentences import (
    LIMITS,
    STATES,
    TWO_SHARES,
    answer,
    build_line,
    counted,
    first_step,
    has_results,
    one_line,
    open_questions,
    scope,
    sentence,
    title,
)

_MOST_FINDINGS: Final = 8
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~@&])")


def render(run: Run, judgement: Judgement) -> str:
    """The verdict, what to do first, the categories and the worst findings."""
    lines = [
        f"## {title(judgement)} (`{judgement.verdict}`): {_safe(run.merchant, 60)}",
        "",
        f"**Score {percent(judgement.score)} · coverage {percent(judgement.coverage)}** · {counted(judgement)}",
        "",
        f"- {_safe(answer(judgement))}",
        f"- **First:** {_safe(sentence(first_step(run, judgement)), 500)}",
        f"- **Confidence {judgement.confidence.level}:** {_safe(judgement.confidence.because)}.",
        *_funnels(run),
        *_categories(judgement),
        *_findings(judgement),
        "",
        f"<sub>{TWO_SHARES} {_safe(scope(run, judgement), 500)} Build: {_safe(build_line(run))}. "
        f"Tayari {_safe(run.tayari_version, 40)} · {LIMITS[0]}</sub>",
    ]
    return "\n".join(lines) + "\n"


def _funnels(run: Run) -> list[str]:
    """How far the money of each kind came under load, in one line."""
    rows = run.load.funnels if run.load is not None else ()
    return [f"- **Load:** {_safe('; '.join(map(funnel_words, rows)))}"] if rows else []


def _categories(judgement: Judgement) -> list[str]:
    if not has_results(judgement):
        return []
    return [
        "",
        "| Category | Rules | Passed | Failed | Not judged | Success |",
        "| --- | --: | --: | --: | --: | --: |",
        *(_row(row) for row in (*judgement.categories, judgement.total)),
    ]


def _row(row: CategoryRow) -> str:
    passed = row.counts[State.PASS]
    return f"| {row.name} | {row.total} | {passed} | {row.failed} | {row.not_judged} | {row.success} |"


def _findings(judgement: Judgement) -> list[str]:
    also = {cause.root.rule.id: cause.others for cause in judgement.causes}
    roots = tuple(cause.root for cause in judgement.causes)
    found = (*roots, *open_questions(judgement), *judgement.waived, *judgement.minor)
    if not found:
        return []
    left = len(found) - _MOST_FINDINGS
    more = [f"- and {left} more in the full report"] if left > 0 else []
    return [
        "",
        *(
            _finding(one, waived=one in judgement.waived, also=also.get(one.rule.id, ()))
            for one in found[:_MOST_FINDINGS]
        ),
        *more,
    ]


def _finding(one: Outcome, *, waived: bool, also: tuple[Outcome, ...] = ()) -> str:
    title, reason = _safe(one.rule.title, 80), _safe(sentence(one.reason), 200)
    more = f" The same cause: {', '.join(_safe(other.rule.id, 60) for other in also)}." if also else ""
    return f"- **{_safe(one.rule.id, 60)}** {STATES[one.state]}{', waived' if waived else ''}: {title}. {reason}{more}"


def _safe(text: str, longest: int = 300) -> str:
    """Text of others, harmless in Markdown: no markup, no link, no mention."""
    return _SPECIAL.sub(r"\\\1", one_line(text, longest))
