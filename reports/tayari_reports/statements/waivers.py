"""Which waivers count: judged on the day of the run, from the run alone, so that anyone comes to the same answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from tayari_reports.model import Check, Run
from tayari_reports.model.outcomes import FAILED, Outcome
from tayari_reports.model.statement_records import Waiver
from tayari_reports.redaction import fingerprint

LONGEST_DAYS: Final = 90
WARN_DAYS: Final = 14

EAT: Final = timezone(timedelta(hours=3), "EAT")
"""East Africa Time, in which Daraja writes its own times; a run's day is counted in it."""


class WaiverStanding(StrEnum):
    """Whether a waiver counts, and if not, why not."""

    ACTIVE = "active"
    EXPIRED = "expired"
    TOO_LONG = "too long"
    """It would count for more than 90 days."""
    STALE = "stale"
    """The rule did not fail in this run: the waiver can go."""
    CHANGED = "changed"
    """The rule failed in another way than the one that was waived."""
    UNWAIVABLE = "un-waivable"
    NOT_PLANNED = "not planned"
    """This run did not look at the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """One waiver and what it is worth in this run."""

    waiver: Waiver
    standing: WaiverStanding
    sentence: str
    soon: bool = False
    """It counts, and ends within 14 days."""


def day_of(run: Run) -> date:
    """The day on which the run ended, in East Africa."""
    return datetime.fromtimestamp(run.finished_at, EAT).date()


def read_day(text: str) -> date | None:
    """A date written `2026-10-07`; None when it is not one."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def left(days: int) -> str:
    """`today`, `in 1 day`, `in 8 days`."""
    return "today" if days == 0 else "in 1 day" if days == 1 else f"in {days} days"


def assess(run: Run, outcomes: Iterable[Outcome]) -> tuple[Assessed, ...]:
    """Every waiver of the run with its standing, in the file's order."""
    by_rule = {one.rule.id: one for one in outcomes}
    today = day_of(run)
    return tuple(_assess(waiver, by_rule.get(waiver.rule), today) for waiver in run.waivers)


def waived(assessed: Iterable[Assessed], outcomes: Iterable[Outcome]) -> frozenset[str]:
    """Rules whose every failure is covered by an active waiver."""
    covered: Mapping[str, set[str]] = defaultdict(set)
    for one in assessed:
        if one.standing is WaiverStanding.ACTIVE:
            covered[one.waiver.rule].add(one.waiver.fingerprint)
    return frozenset(
        one.rule.id
        for one in outcomes
        if one.state in FAILED and one.rule.waivable and failed_fingerprints(one) <= covered.get(one.rule.id, set())
    )


def fingerprint_of(check: Check) -> str:
    """The fingerprint of a failed check, made where the check does not carry it yet."""
    return check.fingerprint or fingerprint(check.rule, check.reason)


def failed_fingerprints(outcome: Outcome) -> set[str]:
    """The fingerprints of the outcome's failures."""
    return {fingerprint_of(check) for check in outcome.checks if check.state in FAILED}


def _assess(waiver: Waiver, outcome: Outcome | None, today: date) -> Assessed:
    expires = read_day(waiver.expires)
    if outcome is None:
        return _none(waiver, WaiverStanding.NOT_PLANNED, "this run did not look at the rule")
    if not outcome.rule.waivable:
        return _none(waiver, WaiverStanding.UNWAIVABLE, "a failure of this rule can never be waived")
    if expires is None:
        return _none(waiver, WaiverStanding.EXPIRED, f"{waiver.expires!r} is no date")
    if expires < today:
        return _none(waiver, WaiverStanding.EXPIRED, f"it ended on {waiver.expires}")
    if expires - today > timedelta(days=LONGEST_DAYS):
        return _none(waiver, WaiverStanding.TOO_LONG, f"it ends more than {LONGEST_DAYS} days after the run")
    if outcome.state not in FAILED:
        return _none(waiver, WaiverStanding.STALE, "the rule did not fail; take the waiver out of the file")
    if waiver.fingerprint not in failed_fingerprints(outcome):
        now = ", ".join(sorted(failed_fingerprints(outcome)))
        return _none(waiver, WaiverStanding.CHANGED, f"the rule now fails differently (fingerprint {now})")
    days = (expires - today).days
    soon = days <= WARN_DAYS
    sentence = f"it ends {left(days)}, on {waiver.expires}" if soon else f"it counts until {waiver.expires}"
    return Assessed(waiver=waiver, standing=WaiverStanding.ACTIVE, sentence=sentence, soon=soon)


def _none(waiver: Waiver, standing: WaiverStanding, why: str) -> Assessed:
    return Assessed(waiver=waiver, standing=standing, sentence=f"It does not count: {why}.")
