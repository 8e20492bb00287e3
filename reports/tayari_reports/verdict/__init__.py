"""The verdict: made from the plan and the checks alone, so that anyone can make it again from `run.json`."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tayari_reports.model import EXIT_CODES, Category, Run, State, Verdict
from tayari_reports.model.codec import ReportError
from tayari_reports.model.outcomes import FAILED, JUDGED, OPEN, RAN, Outcome, outcomes, unplanned
from tayari_reports.statements.waivers import Assessed, assess, waived
from tayari_reports.verdict.causes import Cause, causes
from tayari_reports.verdict.confidence import Confidence, confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One ground of the verdict. `rule` is empty when the ground is the run itself."""

    rule: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """One line of the results by category, counted in rules."""

    name: str
    counts: Mapping[State, int]

    @property
    def total(self) -> int:
        """Planned rules of this category."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Rules that failed or were not met."""
        return self.counts[State.FAIL] + self.counts[State.WARN]

    @property
    def not_judged(self) -> int:
        """Rules that apply and were neither passed nor failed."""
        return self.applicable - self.counts[State.PASS] - self.failed

    @property
    def applicable(self) -> int:
        """Rules without those that do not apply."""
        return self.total - self.counts[State.NOT_APPLICABLE]

    @property
    def success(self) -> str:
        """Passed of applicable as `93.3 %`; a dash when nothing applies."""
        return percent(_share(self.counts[State.PASS], self.applicable)) if self.applicable else "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict and everything a report says with numbers."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    """Why; empty only for READY."""
    score: float
    """Weight passed of weight applicable, in percent, cut (never rounded up) to one decimal."""
    coverage: float
    """Weight judged of weight applicable, in percent, likewise."""
    counts: Mapping[State, int]
    """Rules by state; all states are present."""
    categories: tuple[CategoryRow, ...]
    total: CategoryRow
    outcomes: tuple[Outcome, ...]
    """One per planned rule, in the plan's order."""
    blocking: tuple[Outcome, ...]
    """Failures that alone make the merchant not ready, gravest first."""
    minor: tuple[Outcome, ...]
    """Failures and unmet SHOULDs that do not block, heaviest first."""
    missing: tuple[Outcome, ...]
    """Blocking rules without an answer, heaviest first."""
    waived: tuple[Outcome, ...]
    """Failures that an active waiver covers."""
    waivers: tuple[Assessed, ...]
    """Every waiver of the run, and whether it counts."""
    confidence: Confidence
    suite: str = ""
    """What was asked for, such as `smoke`; only `release` holds every rule."""
    selection: str = ""
    """What narrowed the plan (`C03`); the verdict is about that and about nothing else."""

    @property
    def waived_blocking(self) -> tuple[Outcome, ...]:
        """Failures that would block without their waivers."""
        return tuple(one for one in self.waived if _blocks(one))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The blocking failures by what has to be fixed."""
        return causes(self.blocking)

    @property
    def exit_code(self) -> int:
        """The process exit code of this verdict."""
        return EXIT_CODES[self.verdict]


def judge(run: Run) -> Judgement:
    """Judge a run. Its active waivers change the verdict, never the score."""
    found = outcomes(run)
    assessed = assess(run, found)
    excused = waived(assessed, found)
    failures = _sorted(outcome for outcome in found if outcome.state in FAILED)
    covered = tuple(one for one in failures if one.rule.id in excused)
    blocking = tuple(one for one in failures if _blocks(one) and one not in covered)
    minor = tuple(one for one in failures if not _blocks(one) and one not in covered)
    missing = _sorted(one for one in found if one.rule.blocking and one.state in OPEN)
    invalid = tuple(_invalid(run, found))
    grounds = _reasons((*blocking, *missing, *minor, *covered))
    score, coverage = _weights(found)
    rows = tuple(_row(kind, [one for one in found if one.rule.category is kind]) for kind in Category)
    total = _row("Total", found)
    return Judgement(
        verdict=_verdict(invalid, blocking, missing, (*minor, *covered)),
        reasons=(*invalid, *grounds),
        score=score,
        coverage=coverage,
        counts=total.counts,
        categories=rows,
        total=total,
        outcomes=found,
        blocking=blocking,
        minor=minor,
        missing=missing,
        waived=covered,
        waivers=assessed,
        confidence=confidence(run, found, coverage),
        suite=run.suite,
        selection=run.selection,
    )


def percent(value: float) -> str:
    """A percentage as every report writes it: `87.5 %`."""
    return f"{value:.1f} %"


def listed(names: list[str], most: int, *, between: str = ", ") -> str:
    """Some names, and how many more there are: `C01, C02 and 7 more`."""
    return between.join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _verdict(
    invalid: tuple[Reason, ...],
    blocking: tuple[Outcome, ...],
    missing: tuple[Outcome, ...],
    lesser: tuple[Outcome, ...],
) -> Verdict:
    if invalid:
        return Verdict.INVALID_RUN
    if blocking:
        return Verdict.NOT_READY
    if missing:
        return Verdict.INCONCLUSIVE
    return Verdict.READY_WITH_MINOR_FIXES if lesser else Verdict.READY


def _blocks(outcome: Outcome) -> bool:
    """A proven failure of a MUST, or of any rule that nobody may waive."""
    return outcome.state is State.FAIL and (outcome.rule.blocking or not outcome.rule.waivable)


def _invalid(run: Run, found: tuple[Outcome, ...]) -> Iterable[Reason]:
    for finding in run.preflight:
        if not finding.ok:
            sentence = f"Preflight failed: {finding.message or finding.name}"
            yield Reason(rule="", state=State.ERROR, sentence=sentence)
    if run.interrupted:
        yield Reason(rule="", state=State.ERROR, sentence="The run was interrupted before its end.")
    for why in run.invalid:
        yield Reason(rule="", state=State.ERROR, sentence=f"The run proves nothing: {why}.")
    for why in run.load.invalid if run.load is not None else ():
        yield Reason(rule="", state=State.ERROR, sentence=f"The load run proves nothing: {why}.")
    if not any(one.state in RAN for one in found):
        yield Reason(rule="", state=State.ERROR, sentence=f"No rule ran: {_planned(run, found)}.")
    short = [one.rule.id for one in found if not one.complete]
    if short:
        sentence = f"{len(short)} of {len(found)} planned rules lack a result: {listed(short, 12)}."
        yield Reason(rule="", state=State.ERROR, sentence=sentence)
    for name in sorted({check.rule for check in unplanned(run)}):
        sentence = "Reported on, but not in the plan: score and coverage would not count it."
        yield Reason(rule=name, state=State.ERROR, sentence=sentence)


def _planned(run: Run, found: tuple[Outcome, ...]) -> str:
    """How many rules were planned, and the most frequent reason why they were not tested."""
    if not run.plan:
        return "the plan is empty"
    reasons = Counter(one.reason for one in found if one.complete and one.state is State.NOT_TESTED)
    why = "".join(f" ({reason.rstrip('.')})" for reason, _ in reasons.most_common(1))
    return f"{len(run.plan)} planned, none could be judged{why}"


def _reasons(grounds: tuple[Outcome, ...]) -> tuple[Reason, ...]:
    return tuple(
        Reason(rule=one.rule.id, state=one.state, sentence=one.reason)
        for one in grounds
        if one.complete or one.state is State.FAIL
    )


def _sorted(found: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Gravest first; within one severity, first what puts money at risk and can never be waived."""
    return tuple(sorted(found, key=lambda one: (-one.rule.weight, one.rule.waivable or not one.money_critical)))


def _row(name: str, found: Iterable[Outcome]) -> CategoryRow:
    counted = Counter(outcome.state for outcome in found)
    return CategoryRow(name=name, counts=MappingProxyType({state: counted[state] for state in State}))


def _weights(found: tuple[Outcome, ...]) -> tuple[float, float]:
    applicable = sum(one.rule.weight for one in found if one.state is not State.NOT_APPLICABLE)
    passed = sum(one.rule.weight for one in found if one.state is State.PASS)
    judged = sum(one.rule.weight for one in found if one.state in JUDGED)
    return _share(passed, applicable), _share(judged, applicable)


def _share(part: float, whole: float) -> float:
    return math.floor(1000 * part / whole) / 10 if whole else 0.0


def refuse_if_changed(run: Run, path: Path) -> None:
    """Compare the verdict that the file states with the one that follows from its checks.

    A bundle (`tayari report verify`) proves much more; this only keeps an edited file from being rendered in silence.

    Raises:
        ReportError: the two differ.
    """
    stated = json.loads(path.read_text(encoding="utf-8", errors="replace")).get("judgement")
    if not isinstance(stated, dict):
        return
    found = judge(run)
    if (stated.get("verdict"), stated.get("score")) != (found.verdict.value, found.score):
        raise ReportError(
            f"{path}: it says {stated.get('verdict')}, score {stated.get('score')}, but its checks give "
            f"{found.verdict.value}, score {found.score}: it was changed after it was written; take the original"
        )
