"""Nothing fails on the good shop when its callbacks wait in a queue, while its status queries settle payments first."""

import pytest
from mutants import run_rules
from tayari_contracts.catalogue.rules import CatalogueRow, catalogue
from tayari_reports.model import State

QUEUE_S = "12"
AFTER_A_RESTART = frozenset({"A04", "R01"})
"""Of the rules that run one at a time, those that wait for a callback's effect."""


def _waits(row: CatalogueRow) -> bool:
    """Whether the rule waits for what a callback does, and not for the whole merchant."""
    return row.family != "performance" and (not row.exclusive or row.rule.id in AFTER_A_RESTART)


@pytest.mark.slow
def test_no_rule_fails_on_a_shop_with_a_slow_queue() -> None:
    found = run_rules(
        [row.rule.id for row in catalogue().values() if _waits(row)], settings={"DUKA_CALLBACK_QUEUE_S": QUEUE_S}
    )

    flagged = {check.rule: check.reason for check in found if check.state in {State.FAIL, State.WARN, State.ERROR}}
    assert flagged == {}
    assert {check.rule for check in found if check.state is State.NOT_TESTED} & {"P16", "P17"} == set()
