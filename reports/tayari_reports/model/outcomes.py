"""One outcome for each planned rule: the worst of its checks counts, and a missing check is no result."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from tayari_reports.model import Category, Check, NotTested, Rule, Run, Severity, State

WORST_FIRST: Final = (
    State.FAIL,
    State.ERROR,
    State.UNKNOWN,
    State.NOT_TESTED,
    State.WARN,
    State.ATTESTED,
    State.PASS,
    State.NOT_APPLICABLE,
)
"""Which state counts for a rule that was checked more than once: the first of these."""

FAILED: Final = frozenset({State.FAIL, State.WARN})
"""States in which the merchant does not do what the rule asks for."""

RAN: Final = frozenset({State.PASS, State.FAIL, State.WARN, State.UNKNOWN})
"""States of a check that really met the merchant."""

JUDGED: Final = frozenset({State.PASS, State.FAIL, State.WARN})
"""States that count as judged in the coverage."""

OPEN: Final = frozenset({State.UNKNOWN, State.NOT_TESTED, State.ERROR})
"""States that leave a question open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one planned rule came out."""

    rule: Rule
    state: State
    reason: str
    """One sentence; empty only for a pass."""
    checks: tuple[Check, ...]
    """All checks of the rule, worst first. Empty when nothing reported on it."""
    complete: bool
    """Whether as many checks reported as the plan demands."""

    @property
    def money_critical(self) -> bool:
        """Whether money is at stake at once: the severity is critical, or the rule is about payments and can never be
        waived (what nobody may waive about the set-up is about the verdict's worth)."""
        about_payments = self.rule.category is not Category.INTEGRATION
        return self.rule.severity is Severity.CRITICAL or (about_payments and not self.rule.waivable)

    @property
    def tries(self) -> int:
        """Payments or calls judged, over all checks."""
        return sum(check.tries for check in self.checks if check.state in JUDGED)

    @property
    def not_tested(self) -> NotTested | None:
        """Why it was not tested; None in every other state."""
        if self.state is not State.NOT_TESTED:
            return None
        given = (check.not_tested for check in self.checks if check.state is State.NOT_TESTED)
        return next(given, None) or NotTested.NO_RESULT

    @property
    def enable(self) -> str:
        """The target-file key that would make the rule testable."""
        return next((check.enable for check in self.checks if check.enable), "")

    @property
    def repeat(self) -> str:
        """The command that repeats this rule alone."""
        return next((check.repeat for check in self.checks if check.repeat), "")


def outcomes(run: Run) -> tuple[Outcome, ...]:
    """One outcome per rule of the plan, in the plan's order."""
    by_rule: dict[str, list[Check]] = defaultdict(list)
    for check in run.checks:
        by_rule[check.rule].append(check)
    planned = {rule.id: rule for rule in run.plan}
    return tuple(_outcome(rule, by_rule.get(rule.id, [])) for rule in planned.values())


def unplanned(run: Run) -> tuple[Check, ...]:
    """Checks of rules that the plan does not have: their weight would be missing from the denominator."""
    planned = {rule.id for rule in run.plan}
    return tuple(check for check in run.checks if check.rule not in planned)


def state_of(check: Check) -> State:
    """The state a check may claim: a pass over nothing tried is not a pass."""
    if check.state is State.PASS and check.tries < 1:
        return State.UNKNOWN
    return check.state


def _outcome(rule: Rule, checks: list[Check]) -> Outcome:
    ranked = sorted(checks, key=lambda check: WORST_FIRST.index(state_of(check)))
    complete = len(ranked) >= max(1, rule.executions)
    state = state_of(ranked[0]) if ranked else State.NOT_TESTED
    if not complete and state is not State.FAIL:
        state = State.NOT_TESTED
        reason = f"The plan demands {max(1, rule.executions)} results of this rule; {len(ranked)} came."
    else:
        reason = _reason(ranked[0], state)
    return Outcome(rule=rule, state=state, reason=reason, checks=tuple(ranked), complete=complete)


def _reason(check: Check, state: State) -> str:
    if check.reason or state is State.PASS:
        return check.reason
    if check.state is State.PASS:
        return "Reported as passed, but nothing was tried."
    if check.not_tested is not None:
        return f"Not tested: {check.not_tested.value.replace('_', ' ')}."
    return f"Reported as {state} without a reason."
