"""Strengths and areas for improvement: what the outcomes of related rules say together, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from tayari_reports.model import State
from tayari_reports.model.outcomes import FAILED, OPEN, Outcome
from tayari_reports.verdict import Judgement

TITLES: Final = {
    "token": "Access tokens",
    "request": "Payment requests",
    "acknowledgement": "Acknowledgements and retries",
    "callback": "Callbacks",
    "query": "Status queries and reconciliation",
    "customer": "What customers are told",
    "c2b": "Payments that customers begin (C2B)",
    "payout": "Payouts and refunds",
    "money": "Money over the whole run",
    "performance": "Under load",
    "set_up": "Set-up",
    "scenario": "Scenarios",
}
"""Titles of the catalogue's groups; any other group is called by its own name."""

_LEAST: Final = 2
"""One passed rule is no strength."""

_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules about one thing; in a strength only those of the categories in which every rule passed."""

    title: str
    categories: tuple[str, ...]
    """The categories that the group is limited to; empty where it holds all of them."""
    passed: tuple[Outcome, ...]
    failed: tuple[Outcome, ...]
    open: tuple[Outcome, ...]

    @property
    def total(self) -> int:
        """Rules that apply."""
        return len(self.passed) + len(self.failed) + len(self.open)

    @property
    def weightiest(self) -> tuple[Outcome, ...]:
        """The passed rules in which most is at stake."""
        return tuple(sorted(self.passed, key=lambda one: (not one.money_critical, -one.rule.weight))[:_NAMED])

    @property
    def tries(self) -> int:
        """Payments or calls behind the passed rules."""
        return sum(one.tries for one in self.passed)


def strengths(judgement: Judgement) -> tuple[Group, ...]:
    """For each group the categories in which every rule passed, the most weight first."""
    found = []
    for title, by_category in _by_title(judgement).items():
        parts = [_group(name, rows) for name, rows in by_category.items()]
        whole = [one for one in parts if one.passed and not one.failed and not one.open]
        passed = tuple(one for part in whole for one in part.passed)
        if len(passed) >= _LEAST:
            titles = tuple(part.title for part in whole) if sum(part.total > 0 for part in parts) > len(whole) else ()
            found.append(Group(title=title, categories=titles, passed=passed, failed=(), open=()))
    return tuple(sorted(found, key=lambda one: -_weight(one.passed)))


def areas(judgement: Judgement) -> tuple[Group, ...]:
    """Groups with failures or open questions, the most failed weight first."""
    every = [
        _group(title, [one for rows in by_category.values() for one in rows])
        for title, by_category in _by_title(judgement).items()
    ]
    found = [one for one in every if one.failed or one.open]
    return tuple(sorted(found, key=lambda one: (-_weight(one.failed), -_weight(one.open))))


def _by_title(judgement: Judgement) -> dict[str, dict[str, list[Outcome]]]:
    """Outcomes by the title of their group, then by category."""
    found: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for one in judgement.outcomes:
        found[_title(one)][str(one.rule.category)].append(one)
    return found


def _group(title: str, found: list[Outcome]) -> Group:
    return Group(
        title=title,
        categories=(),
        passed=tuple(one for one in found if one.state is State.PASS),
        failed=tuple(one for one in found if one.state in FAILED),
        open=tuple(one for one in found if one.state in OPEN),
    )


def _title(one: Outcome) -> str:
    name = one.rule.group or ("scenario" if one.rule.kind == "scenario" else "")
    return TITLES.get(name, name) if name else str(one.rule.category)


def _weight(found: tuple[Outcome, ...]) -> float:
    return sum(one.rule.weight for one in found)
