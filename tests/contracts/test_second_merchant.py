"""Nothing fails on a second good shop that is built otherwise: no rule demands one particular design."""

import pytest
from mutants import ROOT, run_rules
from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_reports.model import State

SOKO = ROOT / "examples" / "soko"
NOT_THERE = {
    "C21": State.NOT_TESTED,  # it offers no audit view
    "Q09": State.NOT_APPLICABLE,  # it believes its secret callback path, so callback and query cannot disagree
    "S09": State.NOT_APPLICABLE,  # it has a pay bill number
    **{
        row.rule.id: State.NOT_APPLICABLE
        for row in catalogue().values()
        if {Need.PAYOUT, Need.REFUND, Need.C2B} & row.needs
    },
}
"""What Soko lacks; of everything else, each rule passes."""


@pytest.mark.slow
def test_no_rule_fails_on_a_shop_of_another_design() -> None:
    found = run_rules((row.rule.id for row in catalogue().values() if row.family != "performance"), shop=SOKO)

    not_passed = {check.rule: (check.state, check.reason) for check in found if check.state is not State.PASS}
    assert {rule: state for rule, (state, _) in not_passed.items()} == NOT_THERE, not_passed
