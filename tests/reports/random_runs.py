"""Runs of every kind, for properties that must hold whatever a run contains."""

from __future__ import annotations

import samples
from hypothesis import strategies as st
from tayari_reports.model import Category, Check, Level, Rule, Run, Severity, State


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A run over one to six rules with one to three checks each, as many as the plan demands."""
    plan, checks = [], []
    for number in range(draw(st.integers(1, 6))):
        states = draw(st.lists(st.sampled_from(State), min_size=1, max_size=3))
        rule = Rule(
            id=f"R{number}",
            title="a rule",
            category=draw(st.sampled_from(Category)),
            severity=draw(st.sampled_from(Severity)),
            level=draw(st.sampled_from(Level)),
            waivable=draw(st.booleans()),
            executions=len(states),
        )
        plan.append(rule)
        checks += [
            Check(rule=rule.id, state=state, reason="because", tries=draw(st.integers(0, 3))) for state in states
        ]
    return samples.run(plan=tuple(plan), checks=tuple(checks), interrupted=draw(st.booleans()))
