"""Strengths and areas for improvement: what the outcomes of related rules say together, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from tayari_reports.model import State
from tayari_reports.outcomes import OPEN, Outcome
from tayari_reports.verdict import Judgement

TITLES: Final = {
    "token": "Access tokens",
    "request": "Payment requests",
    "acknowledgement": "Acknowledgements and retries",
    "callback": "Callbacks",
    "query": "Status queries and reconciliation",
    "customer": "What customers are told",
    "money": "Money over the whole run",
    "performance": "Under load",
    "set_up": "Set-up",
    "scenario": "Scenarios",
}
"""Groups of this catalogue; one that is not here is called by its own name."""

_LEAST: Final = 2
"""One passed rule is no strength."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules about one thing, within one category."""

    title: str
    passed: tuple[Outcome, ...]
    failed: tuple[Outcome, ...]
    open: tuple[Outcome, ...]

    @property
    def tries(self) -> int:
        """Payments or calls behind the passed rules."""
        return sum(one.tries for one in self.passed)


def strengths(judgement: Judgement) -> tuple[Group, ...]:
    """Groups in which every rule passed, the most weight first."""
    found = [one for one in _groups(judgement) if not one.failed and not one.open and len(one.passed) >= _LEAST]
    return tuple(sorted(found, key=lambda one: -_weight(one.passed)))


def areas(judgement: Judgement) -> tuple[Group, ...]:
    """Groups with failures or open questions, the most failed weight first."""
    found = [one for one in _groups(judgement) if one.failed or one.open]
    return tuple(sorted(found, key=lambda one: (-_weight(one.failed), -_weight(one.open))))


def _groups(judgement: Judgement) -> list[Group]:
    by_title: dict[str, list[Outcome]] = defaultdict(list)
    for one in judgement.outcomes:
        by_title[_title(one)].append(one)
    return [_group(title, found) for title, found in by_title.items()]


def _group(title: str, found: list[Outcome]) -> Group:
    return Group(
        title=title,
        passed=tuple(one for one in found if one.state is State.PASS),
        failed=tuple(one for one in found if one.state in {State.FAIL, State.WARN}),
        open=tuple(one for one in found if one.state in OPEN),
    )


def _title(one: Outcome) -> str:
    name = one.rule.group or ("scenario" if one.rule.kind == "scenario" else "")
    return f"{TITLES.get(name, name)}: {one.rule.category}" if name else str(one.rule.category)


def _weight(found: tuple[Outcome, ...]) -> float:
    return sum(one.rule.weight for one in found)
