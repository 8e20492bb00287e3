"""What is left to do, in which order and how long it may take: from the effort figures of the rules, as an estimate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tayari_reports.model import Verdict
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import Judgement

HOURS_A_DAY: Final = 6
"""Of one person's working day that goes into the work itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to mend before the launch."""

    outcome: Outcome
    priority: int
    """1: money is at stake; 2: blocks; 3: does not block."""
    hours: float
    by_day: int
    """Working day by which one person may have mended this and everything before it."""

    @property
    def timeline(self) -> str:
        """`day 1`, as one person's working days."""
        return f"day {self.by_day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Must fix, should fix, what is waived for a while, and what each may take."""

    must: tuple[Action, ...]
    waived: tuple[Action, ...]
    """Mended by nobody yet: each is due before its waiver ends."""
    should: tuple[Action, ...]
    must_hours: float
    waived_hours: float
    should_hours: float
    sentence: str


def plan_of(judgement: Judgement) -> Plan:
    """What to do before the launch, gravest first."""
    must = _actions(judgement.blocking, 0.0)
    must_hours = sum(action.hours for action in must)
    waived = _actions(judgement.waived, must_hours)
    waived_hours = sum(action.hours for action in waived)
    should = _actions(judgement.minor, must_hours + waived_hours)
    should_hours = sum(action.hours for action in should)
    return Plan(
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
        return "This run cannot tell how long it takes: mend the run first."
    count, missing = len(judgement.blocking), len(judgement.missing)
    rules = "rule has" if missing == 1 else "rules have"
    unknown = f" {missing} blocking {rules} no answer yet; what may come of that is not in it." if missing else ""
    if not count and judgement.waived_blocking:
        return "Nothing blocks today; what is waived blocks again when its waiver ends." + unknown
    if not count:
        return "Nothing blocking is left to mend." + unknown
    work = "failure" if count == 1 else "failures"
    whole = "1 working day" if days(hours) == 1 else f"{days(hours)} working days"
    return (
        f"Estimated time to ready: about {hours_of(hours)} of work for {count} blocking {work}, {whole} for one "
        "person, then another run. It is the sum of the catalogue's estimates for a usual codebase; one cause behind "
        "several failures makes it less." + unknown
    )
