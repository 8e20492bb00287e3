"""One HTML file that needs nothing else: it opens offline, on a phone, in print and without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from tayari_reports import page, wording
from tayari_reports.charts import charts
from tayari_reports.model import NotTested, Run, State
from tayari_reports.outcomes import Outcome
from tayari_reports.verdict import Judgement, percent

_TOP_REASONS: Final = 4


def render(run: Run, judgement: Judgement) -> str:
    """The whole page. Every text of others is escaped, and a content policy keeps what slips through from running."""
    environment = Environment(
        loader=PackageLoader("tayari_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent,
        moment=wording.moment,
        text=page.text,
        anchor=page.anchor,
        threshold=wording.threshold,
        measure=wording.measure,
    )
    found = page.findings(judgement)
    script = environment.get_template("report.js").render()
    return environment.get_template("report.html").render(
        run=run,
        judgement=judgement,
        title=wording.TITLES[judgement.verdict],
        answer=wording.answer(judgement),
        first_step=wording.first_step(run, judgement),
        counted=wording.counted(judgement),
        scope=wording.scope(run),
        limits=wording.LIMITS,
        states=wording.STATES,
        State=State,
        top=_top(judgement),
        findings=found,
        listed={one.anchor for group in found.values() for one in group},
        charts=charts(run.load) if run.load else (),
        enabling=_enabling(judgement),
        script=script,
        script_hash=_hash(script),
    )


def _top(judgement: Judgement) -> tuple[Outcome, ...]:
    """The few outcomes that the first screen names."""
    return (*judgement.blocking, *wording.open_questions(judgement), *judgement.minor, *judgement.waived)[:_TOP_REASONS]


def _enabling(judgement: Judgement) -> list[tuple[str, list[Outcome]]]:
    """Rules that were not tested, by what would enable them: target-file keys first."""
    groups: dict[str, list[Outcome]] = {}
    for one in judgement.outcomes:
        if one.not_tested is not None:
            kind = wording.UNTESTED[one.not_tested]
            by_key = one.not_tested is NotTested.TARGET_KEY_MISSING and one.enable
            groups.setdefault(f"`{one.enable}`" if by_key else kind, []).append(one)
    return sorted(groups.items(), key=lambda group: (not group[0].startswith("`"), -len(group[1])))


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
