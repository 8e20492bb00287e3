"""What comes next, in order, and how long it may take.

Derived from the failures, the open questions, the rules' effort figures, what people said, and who has signed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tayari_reports.model import NotTested, Run, State, Verdict
from tayari_reports.model.outcomes import Outcome
from tayari_reports.model.statement_records import ROLES, Decision
from tayari_reports.statements.checklist import AnsweredItem, Configured, ItemStanding, answered, configuration
from tayari_reports.verdict import Judgement, listed
from tayari_reports.verdict.confidence import WHOLE
from tayari_reports.verdict.sentences import (
    UNTESTED,
    check_command,
    count_of,
    first_step,
    joined,
    open_questions,
    valid_until,
)

HOURS_A_DAY: Final = 6
"""Of one person's working day that goes into the work itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to fix before the launch."""

    outcome: Outcome
    priority: int
    """1: money is at stake; 2: blocks; 3: does not block."""
    hours: float
    by_day: int
    """Working day by which one person may have fixed this and everything before it."""

    @property
    def timeline(self) -> str:
        """`day 1`, as one person's working days."""
        return f"day {self.by_day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPlan:
    """Must fix, should fix, what is waived for a while, and what each may take."""

    must: tuple[Action, ...]
    waived: tuple[Action, ...]
    """Fixed by nobody yet: each is due before its waiver ends."""
    should: tuple[Action, ...]
    must_hours: float
    waived_hours: float
    should_hours: float
    sentence: str


def plan_of(judgement: Judgement) -> WorkPlan:
    """What to do before the launch, gravest first."""
    must = _actions(judgement.blocking, 0.0)
    must_hours = sum(action.hours for action in must)
    waived = _actions(judgement.waived, must_hours)
    waived_hours = sum(action.hours for action in waived)
    should = _actions(judgement.minor, must_hours + waived_hours)
    should_hours = sum(action.hours for action in should)
    return WorkPlan(
        must=must,
        waived=waived,
        should=should,
        must_hours=must_hours,
        waived_hours=waived_hours,
        should_hours=should_hours,
        sentence=_sentence(judgement, must_hours),
    )


def days(hours: float) -> int:
    """Working days of one person, rounded up."""
    return math.ceil(hours / HOURS_A_DAY)


def hours_of(hours: float) -> str:
    """`1 hour`, `4.5 hours`."""
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _actions(found: Iterable[Outcome], before_h: float) -> tuple[Action, ...]:
    made = []
    for one in found:
        before_h += one.rule.effort_h
        priority = (1 if one.money_critical else 2) if one.rule.blocking or not one.rule.waivable else 3
        action = Action(outcome=one, priority=priority, hours=one.rule.effort_h, by_day=max(1, days(before_h)))
        made.append(action)
    return tuple(made)


def _sentence(judgement: Judgement, hours: float) -> str:
    if judgement.verdict is Verdict.INVALID_RUN:
        return "This run does not show how long it takes: repair the run first."
    count, missing = len(judgement.blocking), len(judgement.missing)
    rules = "rule has" if missing == 1 else "rules have"
    unknown = f" {missing} blocking {rules} no answer yet, and may bring more work." if missing else ""
    if not count and judgement.waived_blocking:
        return "Nothing blocks today; what is waived blocks again when its waiver ends." + unknown
    if not count:
        return "Nothing blocking is left to fix." + unknown
    work = "failure" if count == 1 else "failures"
    whole = "1 working day" if days(hours) == 1 else f"{days(hours)} working days"
    return (
        f"Estimated time to ready: about {hours_of(hours)} of work for {count} blocking {work}, {whole} for one "
        "person, then another run. It adds up the catalogue's estimates for a usual codebase; failures of one "
        "cause take less." + unknown
    )


_NAMED: Final = 5
_OPEN: Final = {State.UNKNOWN: "ran, but could not be judged", State.ERROR: "Tayari itself failed, see what it says"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """One thing to do. `anchor` is the element of the page that has the details."""

    do: str
    detail: str = ""
    anchor: str = ""


def next_steps(run: Run, judgement: Judgement) -> tuple[NextStep, ...]:
    """Every step to the launch, the ones that block first; never empty."""
    if judgement.verdict is Verdict.INVALID_RUN:
        return (NextStep(do="Repair the run", detail=first_step(run, judgement), anchor="environment"), _again(run))
    plan = plan_of(judgement)
    rows = answered(run, judgement.outcomes)
    settings = configuration(run)
    steps = (*_fixes(plan, judgement), *_set_up(settings, run), *_people(rows, settings), *_waivers(judgement))
    changed = plan.must or plan.waived or plan.should or judgement.missing
    signing = () if judgement.selection else _signing(run, judgement)
    return (*steps, *([_again(run)] if changed else []), *_whole(run, judgement), *signing)


def before_signing(run: Run, judgement: Judgement) -> str:
    """What a ready run of a whole suite leaves to people: `4 answers of people are no or partly, ...`."""
    if judgement.selection:
        return ""
    rows = answered(run, judgement.outcomes)
    settings = configuration(run)
    weak = len(_weak(rows, settings))
    silent = len(_silent(rows, settings))
    missing = [role for role in ROLES if role not in {one.role for one in run.sign_off}]
    against = [one.role for one in run.sign_off if one.decision is Decision.NO_GO]
    questions = f"{count_of(silent, 'question')} of configuration and checklist"
    found = (
        (len(against), f"{joined(against)} decided “no go”"),
        (weak, f"{count_of(weak, 'answer')} of people {'is' if weak == 1 else 'are'} “no” or “partly”"),
        (
            silent,
            f"{questions} {'has' if silent == 1 else 'have'} no answer",
        ),
        (len(missing), f"{joined(missing)} {'has' if len(missing) == 1 else 'have'} not signed"),
    )
    return "; ".join(sentence for count, sentence in found if count)


def _fixes(plan: WorkPlan, judgement: Judgement) -> Iterator[NextStep]:
    if plan.must:
        what = f"Fix {count_of(len(plan.must), 'blocking failure')}"
        rules = _rules(one.outcome for one in plan.must)
        yield NextStep(do=what, detail=f"{rules}; about {hours_of(plan.must_hours)}, money first", anchor="must-fix")
    if open_questions(judgement):
        what = f"Get an answer to {count_of(len(judgement.missing), 'blocking rule')}"
        yield NextStep(do=what, detail="; ".join(_answers(judgement.missing)), anchor="missing")
    if plan.waived:
        what = f"Fix {count_of(len(plan.waived), 'waived failure')} before {_its(len(plan.waived), 'waiver')} ends"
        rules = _rules(one.outcome for one in plan.waived)
        yield NextStep(do=what, detail=f"{rules}; about {hours_of(plan.waived_hours)}", anchor="waived-fix")
    if plan.should:
        it = "it" if len(plan.should) == 1 else "them"
        what = f"Fix {count_of(len(plan.should), 'lesser finding')}, or decide to live with {it}"
        rules = _rules(one.outcome for one in plan.should)
        yield NextStep(do=what, detail=f"{rules}; about {hours_of(plan.should_hours)}", anchor="should-fix")


def _answers(missing: tuple[Outcome, ...]) -> Iterator[str]:
    """What would answer the open questions, keys of the target file first."""
    by_key: dict[str, list[Outcome]] = {}
    for one in missing:
        key = one.enable if one.not_tested is NotTested.TARGET_KEY_MISSING and one.enable else ""
        kind = UNTESTED[one.not_tested] if one.not_tested else _OPEN.get(one.state, str(one.state))
        by_key.setdefault(f"add {key} to the target file" if key else kind, []).append(one)
    for what, ones in sorted(by_key.items(), key=lambda group: not group[0].startswith("add ")):
        yield f"{what} ({_rules(ones)})"


def _set_up(settings: Iterable[Configured], run: Run) -> Iterator[NextStep]:
    wrong = [row.setting for row in settings if row.attestation is None and row.good is False]
    if wrong:
        names = "; ".join(f"{row.name}: no, {row.value}" for row in wrong)
        yield NextStep(do=f"Set right {count_of(len(wrong), 'setting')}", detail=names, anchor="configuration")
    missed = [row.name for row in run.monitoring if row.met is False]
    if missed:
        yield NextStep(
            do=f"Keep {count_of(len(missed), 'limit')} that this run missed",
            detail=", ".join(missed),
            anchor="monitoring",
        )


def _people(rows: tuple[AnsweredItem, ...], settings: tuple[Configured, ...]) -> Iterator[NextStep]:
    weak, silent = _weak(rows, settings), _silent(rows, settings)
    if weak:
        yield NextStep(
            do=f"Close {count_of(len(weak), 'answer')} that a person gave as “no” or “partly”", detail=_questions(weak)
        )
    if silent:
        do = f"Answer {count_of(len(silent), 'open question')} of configuration and checklist"
        yield NextStep(do=do, detail=_questions(silent), anchor="checklist")


def _weak(rows: Iterable[AnsweredItem], settings: Iterable[Configured]) -> list[str]:
    questions = [row.item.question for row in rows if row.standing is ItemStanding.ATTESTED and not row.good]
    return [*questions, *(row.setting.name for row in settings if row.attestation is not None and row.good is False)]


def _silent(rows: Iterable[AnsweredItem], settings: Iterable[Configured]) -> list[str]:
    unsaid = [row.item.question for row in rows if row.standing in {ItemStanding.MISSING, ItemStanding.EXPIRED}]
    return [*(row.setting.name for row in settings if row.attestation is None and row.good is None), *unsaid]


def _waivers(judgement: Judgement) -> Iterator[NextStep]:
    for one in judgement.waivers:
        if one.soon:
            detail = f"{one.sentence}; {one.waiver.owner} answers for it, {one.waiver.ticket}"
            yield NextStep(do=f"The waiver of {one.waiver.rule} ends soon", detail=detail, anchor="waivers")


def _whole(run: Run, judgement: Judgement) -> Iterator[NextStep]:
    """Less than everything was run: nobody should decide on that."""
    if judgement.exit_code == 0 and (judgement.selection or WHOLE not in run.suite):
        what = f"only {judgement.selection} ran" if judgement.selection else f"suite {run.suite} leaves rules out"
        yield NextStep(do="Run every rule before you decide", detail=f"{what}: {check_command(run, WHOLE)}")


def _again(run: Run) -> NextStep:
    command = check_command(run, run.suite if run.suite in {"smoke", "ci", "release"} else "")
    return NextStep(do="Run it again, and compare", detail=f"{command}; then tayari report compare OLD NEW", anchor="")


def _signing(run: Run, judgement: Judgement) -> Iterator[NextStep]:
    signed = {one.role: one for one in run.sign_off}
    for one in run.sign_off:
        if one.decision is Decision.NO_GO:
            detail = f"{one.name}, {one.date}" + (f": {one.conditions}" if one.conditions else "")
            yield NextStep(do=f"Settle the “no go” of {one.role}", detail=detail, anchor="sign-off")
        if one.decision is Decision.GO_WITH_CONDITIONS:
            yield NextStep(
                do=f"Meet the condition of {one.role}", detail=f"{one.conditions} ({one.name})", anchor="sign-off"
            )
    missing = [role for role in ROLES if role not in signed]
    if missing and judgement.exit_code == 0:
        what = f"Decide and sign: {joined(missing)}"
        yield NextStep(
            do=what, detail=f"before {valid_until(run, judgement)}, when this verdict ends", anchor="sign-off"
        )
    if judgement.verdict is Verdict.READY and WHOLE in run.suite:
        yield NextStep(do="Keep this suite in CI", detail="and run it again before each release")


def _its(count: int, noun: str) -> str:
    return f"its {noun}" if count == 1 else f"the first {noun}"


def _rules(ones: Iterable[Outcome]) -> str:
    return listed([one.rule.id for one in ones], _NAMED)


def _questions(names: list[str]) -> str:
    return listed(names, _NAMED, between="; ")
