"""What a pytest session that somebody started by hand says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tayari_contracts.catalogue.rules import select
from tayari_contracts.runner.check_run import check_of_rule
from tayari_contracts.runner.pytest_session import CheckSession
from tayari_reports.model import Check, State
from tayari_reports.verdict import judge
from tayari_reports.verdict.sentences import shout


def session(*planned: str, only: tuple[str, ...] = ()) -> CheckSession:
    """A session whose tests, as far as pytest selected them, have passed."""
    given = {"--tayari-scenario": [], "--tayari-only": list(only), "--tayari-suite": "smoke", "--tayari-events": None}
    config: Any = SimpleNamespace(getoption=given.__getitem__)
    made = CheckSession(config, lambda _: [])
    rows = {row.rule.id: row for row in select(suite="smoke")}
    made._plan = [check_of_rule(rows[name]) for name in planned]
    made._checks = {name: Check(rule=name, state=State.PASS) for name in planned}
    return made


@pytest.mark.parametrize("only", [(), ("A01", "A02")])
def test_rules_that_pytest_itself_selected_are_a_part(only: tuple[str, ...]) -> None:
    judgement = judge(session("A01", only=only).run())

    assert (judgement.verdict, shout(judgement)) == ("READY", "PART PASSED: A01 only")


def test_the_whole_suite_is_no_part() -> None:
    names = [row.rule.id for row in select(suite="smoke") if row.family != "performance"]

    assert session(*names).run().selection == ""
