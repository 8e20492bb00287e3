"""Nothing fails on the good shop when its callbacks wait in a queue, while its status queries settle payments first."""

import pytest
from mutants import run_rules
from tayari_contracts.rules import catalogue
from tayari_reports.model import State

QUEUE_S = "12"
ALONE = frozenset({"T01", "T02", "T03", "T07", "T08", "T12", "A12", "K01"})
"""Rules that look at the whole merchant, one after the other, and not at a callback."""


@pytest.mark.slow
def test_no_rule_fails_on_a_shop_with_a_slow_queue() -> None:
    rules = [row.rule.id for row in catalogue().values() if row.family != "performance" and row.rule.id not in ALONE]
    found = run_rules(rules, settings={"DUKA_CALLBACK_QUEUE_S": QUEUE_S})

    flagged = {check.rule: check.reason for check in found if check.state in {State.FAIL, State.WARN, State.ERROR}}
    assert flagged == {}
