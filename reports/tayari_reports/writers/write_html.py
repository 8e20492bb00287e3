"""One HTML file that needs nothing else: it opens offline, on a phone, in print and without JavaScript.

The template is given findings with links and exchanges, within a budget of bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from markupsafe import Markup, escape

from tayari_reports.model import Check, Exchange, NotTested, Run, State
from tayari_reports.model.facts import RESULTS, Code
from tayari_reports.model.outcomes import Outcome
from tayari_reports.model.statement_records import ROLES
from tayari_reports.statements import checklist
from tayari_reports.statements.waivers import day_of
from tayari_reports.verdict import Judgement, groups, next_steps, percent, sentences
from tayari_reports.verdict.causes import decisive_exchange
from tayari_reports.verdict.load_words import balance_sentence
from tayari_reports.verdict.sentences import open_questions
from tayari_reports.writers import monitoring_exports
from tayari_reports.writers.pages.charts import charts
from tayari_reports.writers.pages.page_templates import page_templates

_TOP_REASONS: Final = 4
_MOST_ACTIONS: Final = 40
_UNBROKEN: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b|(?<![^\s`(])--\w[\w-]*")
_CODE: Final = re.compile(r"`([^`\n]{1,120})`")
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")


def render(run: Run, judgement: Judgement) -> str:
    """The whole page. Every text of others is escaped, and a content policy keeps what slips through from running."""
    environment = page_templates(
        percent=percent,
        moment=sentences.moment,
        text=text,
        anchor=anchor,
        threshold=sentences.threshold,
        measure=sentences.measure,
        seconds=sentences.seconds,
        sentence=sentences.sentence,
        css=_css,
        balance=balance_sentence,
        prose=_prose,
        hours=next_steps.hours_of,
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
        "tone": sentences.tone(judgement),
        "build": sentences.build_line(run),
        "answer": sentences.answer(judgement),
        "first_step": sentences.first_step(run, judgement),
        "has_results": sentences.has_results(judgement),
        "counted": sentences.counted(judgement),
        "scope": sentences.scope(run, judgement),
        "left": next_steps.before_signing(run, judgement) if judgement.exit_code == 0 else "",
        "steps": next_steps.next_steps(run, judgement),
        "shares": sentences.shares(judgement),
        "more_reasons": [reason for reason in judgement.reasons if not reason.rule][1:],
        "limits": sentences.LIMITS,
        "two_shares": sentences.TWO_SHARES,
        "states": sentences.STATES,
        "State": State,
    }


def _findings(run: Run, judgement: Judgement) -> dict[str, Any]:
    found = findings(judgement)
    plan = next_steps.plan_of(judgement)
    there = {
        "must-fix": plan.must,
        "should-fix": plan.should,
        "waived-fix": plan.waived,
        "missing": found["missing"],
        "waivers": judgement.waivers,
        "monitoring": run.monitoring,
        **dict.fromkeys(("configuration", "checklist", "environment", "sign-off"), True),
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
        "top": (*judgement.blocking, *open_questions(judgement), *judgement.waived, *judgement.minor)[:_TOP_REASONS],
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
    by_section: dict[str, list[checklist.AnsweredItem]] = {}
    for row in rows:
        by_section.setdefault(row.item.section, []).append(row)
    standing = Counter(row.standing for row in rows)
    return {
        "charts": charts(run.load) if run.load else (),
        "configuration": checklist.configuration(run),
        "checklist": list(by_section.items()),
        "codes": _codes(run),
        "watches": monitoring_exports.WATCHES,
        "answers_counted": ", ".join(f"{standing[one]} {one}" for one in checklist.ItemStanding if standing[one]),
        "attested_count": standing[checklist.ItemStanding.ATTESTED],
        "signatures": [(role, signed.get(role)) for role in ROLES],
    }


def _codes(run: Run) -> list[tuple[str, str, list[Code]]]:
    """The codes that occurred, by where the merchant gets them."""
    results, paid_in, payouts = ([one for one in run.codes if one.kind == kind] for kind in ("result", "c2b", "payout"))
    errors = [one for one in run.codes if one.kind not in RESULTS]
    found = (
        ("How payments ended", "result codes of callbacks and queries", results),
        ("How payments that customers began ended", "result codes of C2B; no message reports a failed one", paid_in),
        ("How payouts and refunds ended", "result codes of payouts and reversals", payouts),
        ("How requests were refused", "error codes of Daraja's answers", errors),
    )
    return [(title, about, rows) for title, about, rows in found if rows]


def _css(text: str) -> str:
    """A text of others within a quoted string of the style sheet: whatever could end the string is left out."""
    return "".join(char for char in text if char.isalnum() or char in " -_.,:")[:60]


def _prose(text: str) -> Markup:
    """A sentence of ours, with what merchants answered in it; all of it is escaped.

    Dates and options of commands (`--suite`) are not broken over two lines, and what stands between backticks is code.
    """
    whole = _UNBROKEN.sub(r'<span class="nowrap">\g<0></span>', str(escape(text)))
    return Markup(_CODE.sub(r"<code>\g<1></code>", whole))


def _linked(text: str) -> Markup:
    """A text with its web addresses as links; everything in it is escaped."""
    pieces: list[str] = []
    at = 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        pieces += [str(escape(text[at : found.start()])), f'<a href="{address}" rel="noreferrer">{address}</a>']
        at = found.end()
    return Markup("".join([*pieces, str(escape(text[at:]))]))


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


LONGEST_BODY: Final = 6_000
"""Characters of one body that the page shows; `run.json` has the rest."""

BUDGET: Final = 2_600_000
"""Bytes of evidence in one page, so that a thousand failures stay below 5 MB."""

_FRAME: Final = 1_400
"""Bytes of markup around one exchange, at most."""

_SENT: Final = frozenset({"Content-Type", "content-type", "Authorization", "authorization"})
"""The headers of a request that its command repeats."""

_SHOWN: Final = frozenset({State.FAIL, State.WARN, State.UNKNOWN, State.ERROR})

SENDERS: Final = {
    "to_merchant": "Tayari → merchant",
    "to_daraja": "merchant → Daraja",
    "callback": "Daraja → merchant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """One exchange as the page shows it."""

    anchor: str
    exchange: Exchange
    sender: str
    after: str
    """Time since the first exchange of the same check: `+0.42 s`."""
    request: str
    response: str
    curl: str
    """The request as a command; empty where the merchant does not answer it."""
    decisive: bool
    """Whether the reader should look here first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDetails:
    """One outcome that opens to its proof."""

    anchor: str
    outcome: Outcome
    exchanges: tuple[ExchangeView, ...]
    left_out: int
    """Exchanges that are only in `run.json`, to keep the page small."""
    fingerprints: tuple[str, ...] = ()
    """What a waiver of this failure would name."""


def text(value: object) -> Markup:
    """Escape for element content. Quotation marks stay as they are there: JSON would grow by half."""
    return Markup(str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def anchor(rule: str) -> str:
    """The element id of a rule: the rule's own id, as `report.html#C03` has it."""
    return "-".join(rule.split())


def findings(judgement: Judgement) -> dict[str, tuple[OutcomeDetails, ...]]:
    """Findings by section, gravest first. Evidence is shown in this order, until its budget is used up."""
    others = [one for one in judgement.outcomes if one.state in {State.UNKNOWN, State.ERROR} and not one.rule.blocking]
    sections = {
        "blocking": judgement.blocking,
        "missing": open_questions(judgement),
        "waived": judgement.waived,
        "minor": judgement.minor,
        "open": others,
    }
    budget = _EvidenceBudget(BUDGET)
    return {section: tuple(_finding(one, budget) for one in found) for section, found in sections.items()}


class _EvidenceBudget:
    """Counts down the bytes that are left for evidence."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, cost: int) -> bool:
        """Whether so many bytes were left; then they are used."""
        if cost > self.left:
            return False
        self.left -= cost
        return True


def _finding(one: Outcome, budget: _EvidenceBudget) -> OutcomeDetails:
    shown: list[ExchangeView] = []
    left_out = 0
    decisive = decisive_exchange(one)
    for check in one.checks:
        for exchange in check.evidence if check.state in _SHOWN else ():
            made = _shown(f"{anchor(one.rule.id)}-{len(shown) + 1}", exchange, check, decisive=exchange is decisive)
            if budget.spend(_cost(made)):
                shown.append(made)
            else:
                left_out += 1
    prints = tuple(dict.fromkeys(check.fingerprint for check in one.checks if check.fingerprint))
    return OutcomeDetails(
        anchor=anchor(one.rule.id), outcome=one, exchanges=tuple(shown), left_out=left_out, fingerprints=prints
    )


def _shown(name: str, exchange: Exchange, check: Check, *, decisive: bool) -> ExchangeView:
    return ExchangeView(
        decisive=decisive,
        curl=_curl(exchange),
        anchor=name,
        exchange=exchange,
        sender=SENDERS.get(exchange.kind, exchange.kind),
        after=f"+{max(0.0, exchange.at - check.evidence[0].at):.2f} s",
        request=_body(exchange.request_body),
        response=_body(exchange.response_body),
    )


def _curl(exchange: Exchange) -> str:
    """The request as a command; empty for one that Daraja answers. What is masked stays masked."""
    repeatable = exchange.kind != "to_daraja" and exchange.url.startswith("http")
    if not repeatable or len(exchange.request_body) > LONGEST_BODY:
        return ""
    words = [f"curl -i -X {exchange.method or 'GET'} {shlex.quote(exchange.url)}"]
    words += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in exchange.request_headers if name in _SENT]
    words += [f"--data-raw {shlex.quote(exchange.request_body)}"] if exchange.request_body else []
    return " \\\n  ".join(words)


def _cost(shown: ExchangeView) -> int:
    exchange = shown.exchange
    headers = (*exchange.request_headers, *exchange.response_headers)
    parts = (
        shown.request,
        shown.response,
        shown.curl,
        exchange.url,
        exchange.title,
        *(f"{name}{value}" for name, value in headers),
    )
    return _FRAME + sum(len(text(part).encode("utf-8", "replace")) for part in parts)


def _body(body: str) -> str:
    """A body in a form that reads well: JSON is indented, the rest is left as it is."""
    try:
        value = json.loads(body) if body.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        value = None
    readable = body if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    if len(readable) <= LONGEST_BODY:
        return readable
    return f"{readable[:LONGEST_BODY]}\n… {len(readable) - LONGEST_BODY} more characters in run.json"
