"""One HTML file that needs nothing else: it opens offline, on a phone, in print and without JavaScript."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from datetime import timedelta
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tayari_reports.model import NotTested, Run, State
from tayari_reports.model.facts import RESULTS, Code
from tayari_reports.model.outcomes import Outcome
from tayari_reports.model.statement_records import ROLES
from tayari_reports.statements import checklist
from tayari_reports.statements.waivers import day_of
from tayari_reports.verdict import Judgement, effort, groups, next_steps, percent, sentences
from tayari_reports.verdict.load_words import balance_sentence
from tayari_reports.writers import monitoring_exports, page
from tayari_reports.writers.charts import charts

_TOP_REASONS: Final = 4
_MOST_ACTIONS: Final = 40
_DATE: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")


def render(run: Run, judgement: Judgement) -> str:
    """The whole page. Every text of others is escaped, and a content policy keeps what slips through from running."""
    environment = Environment(
        loader=PackageLoader("tayari_reports.writers"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent,
        moment=sentences.moment,
        text=page.text,
        anchor=page.anchor,
        threshold=sentences.threshold,
        measure=sentences.measure,
        seconds=sentences.seconds,
        sentence=sentences.sentence,
        css=_css,
        balance=balance_sentence,
        dated=_dated,
        hours=effort.hours_of,
        linked=_linked,
    )
    script = environment.get_template("report.js").render()
    return environment.get_template("report.html").render(
        run=run,
        judgement=judgement,
        script=script,
        script_hash=_hash(script),
        **_words(run, judgement),
        **_findings(run, judgement),
        **_statements(run, judgement),
    )


def _words(run: Run, judgement: Judgement) -> dict[str, Any]:
    return {
        "title": sentences.title(judgement),
        "headline": sentences.headline(judgement),
        "selected": sentences.selected(run.selection, 300) if run.selection else "",
        "tone": "partial" if sentences.is_partial_pass(judgement) else judgement.verdict.value,
        "build": sentences.build_line(run),
        "answer": sentences.answer(judgement),
        "first_step": sentences.first_step(run, judgement),
        "counted": sentences.counted(judgement),
        "scope": sentences.scope(run, judgement),
        "left": next_steps.before_signing(run, judgement) if judgement.exit_code == 0 else "",
        "steps": next_steps.next_steps(run, judgement),
        "limits": sentences.LIMITS,
        "states": sentences.STATES,
        "State": State,
    }


def _findings(run: Run, judgement: Judgement) -> dict[str, Any]:
    found = page.findings(judgement)
    plan = effort.plan_of(judgement)
    there = {
        "must-fix": plan.must,
        "should-fix": plan.should,
        "waived-fix": plan.waived,
        "missing": found["missing"],
        "waivers": judgement.waivers,
        "monitoring": run.monitoring,
        **dict.fromkeys(("configuration", "environment", "sign-off"), True),
    }
    blocking = {one.outcome.rule.id: one for one in found["blocking"]}
    found["blocking"] = tuple(blocking[one.rule.id] for cause in judgement.causes for one in cause.rules)
    return {
        "caused": sentences.caused(judgement),
        "also": {cause.root.rule.id: [one.rule.id for one in cause.others] for cause in judgement.causes},
        "by": {one.rule.id: cause.root.rule.id for cause in judgement.causes for one in cause.others},
        "waiver_until": str(day_of(run) + timedelta(days=30)),
        "anchors": {name for name, content in there.items() if content},
        "exchanges": {one.outcome.rule.id: len(one.exchanges) for group in found.values() for one in group},
        "top": _top(judgement),
        "findings": found,
        "listed": {one.anchor for group in found.values() for one in group},
        "enabling": _enabling(judgement),
        "plan": plan,
        "most_actions": _MOST_ACTIONS,
        "planned": {one.rule.id for one in judgement.outcomes},
        "waived_rules": {one.rule.id for one in judgement.waived},
        "strengths": groups.strengths(judgement),
        "areas": groups.areas(judgement),
    }


def _statements(run: Run, judgement: Judgement) -> dict[str, Any]:
    rows = checklist.answered(run, judgement.outcomes)
    signed = {one.role: one for one in run.sign_off}
    by_section: dict[str, list[checklist.Answered]] = {}
    for row in rows:
        by_section.setdefault(row.item.section, []).append(row)
    standing = Counter(row.standing for row in rows)
    return {
        "charts": charts(run.load) if run.load else (),
        "configuration": checklist.configuration(run),
        "checklist": list(by_section.items()),
        "codes": _codes(run),
        "watches": monitoring_exports.WATCHES,
        "answers_counted": ", ".join(f"{standing[one]} {one}" for one in checklist.Standing if standing[one]),
        "attested_count": standing[checklist.Standing.ATTESTED],
        "signatures": [(role, signed.get(role)) for role in ROLES],
    }


def _codes(run: Run) -> list[tuple[str, str, list[Code]]]:
    """The codes that were met, by where the merchant meets them."""
    results, paid_in, payouts = ([one for one in run.codes if one.kind == kind] for kind in ("result", "c2b", "payout"))
    errors = [one for one in run.codes if one.kind not in RESULTS]
    found = (
        ("How payments ended", "result codes of callbacks and queries", results),
        ("How payments that customers began ended", "result codes of C2B; no message tells of a failed one", paid_in),
        ("How payouts and refunds ended", "result codes of payouts and reversals", payouts),
        ("How requests were refused", "error codes of Daraja's answers", errors),
    )
    return [(title, about, rows) for title, about, rows in found if rows]


def _css(text: str) -> str:
    """A text of others within a quoted string of the style sheet: whatever could end the string is left out."""
    return "".join(char for char in text if char.isalnum() or char in " -_.,:")[:60]


def _dated(text: str) -> Markup:
    """A text whose dates are not broken over two lines; everything in it is escaped."""
    return Markup(_DATE.sub(r'<span class="nowrap">\g<0></span>', str(escape(text))))


def _linked(text: str) -> Markup:
    """A text with its web addresses as links; everything in it is escaped."""
    pieces: list[str] = []
    at = 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        pieces += [str(escape(text[at : found.start()])), f'<a href="{address}" rel="noreferrer">{address}</a>']
        at = found.end()
    return Markup("".join([*pieces, str(escape(text[at:]))]))


def _top(judgement: Judgement) -> tuple[Outcome, ...]:
    """The few outcomes that the first screen names."""
    return (*judgement.blocking, *sentences.open_questions(judgement), *judgement.waived, *judgement.minor)[
        :_TOP_REASONS
    ]


def _enabling(judgement: Judgement) -> list[tuple[str, list[Outcome]]]:
    """Rules that were not tested, by what would enable them: target-file keys first."""
    groups: dict[str, list[Outcome]] = {}
    for one in judgement.outcomes:
        if one.not_tested is not None:
            kind = sentences.UNTESTED[one.not_tested]
            by_key = one.not_tested is NotTested.TARGET_KEY_MISSING and one.enable
            groups.setdefault(f"`{one.enable}`" if by_key else kind, []).append(one)
    return sorted(groups.items(), key=lambda group: (not group[0].startswith("`"), -len(group[1])))


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
