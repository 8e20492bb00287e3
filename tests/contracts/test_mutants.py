"""What planted defects break besides their own rule, and that each of them is tried by one of the files beside this."""

import re
from pathlib import Path

import pytest
from mutants import CAUGHT, mutants, mutants_of, run_rules
from tayari_contracts.catalogue.rules import catalogue
from tayari_contracts.checks.check_registry import checks
from tayari_reports.model import NotTested, State

MUTANTS = mutants()
JUDGED_BY_LOAD = "performance"

pytestmark = pytest.mark.usefixtures("forked_programs")


@pytest.mark.long
@pytest.mark.parametrize(
    ("defect", "carrier"),
    [("success-needs-balance", "C25"), ("breaks-on-success", "C25"), ("any-answer-pays", "Q13")],
)
def test_one_rule_carries_what_breaks_ordinary_payments(defect: str, carrier: str) -> None:
    judged = [row.rule.id for row in catalogue().values() if row.family != JUDGED_BY_LOAD]
    found = {check.rule: check for check in run_rules(judged, defects=[defect])}

    assert [rule for rule, check in found.items() if check.state in CAUGHT] == [carrier]
    blocked = [check for check in found.values() if check.not_tested is NotTested.BLOCKED]
    assert blocked
    assert all(check.reason.startswith(f"blocked by {carrier}: ") for check in blocked)


@pytest.mark.slow
def test_a_number_that_is_sent_as_typed_is_no_matter_of_ranges() -> None:
    found = {check.rule: check for check in run_rules(["S06", "S07"], defects=["phone-as-typed"])}

    assert found["S06"].state is State.FAIL
    assert found["S07"].not_tested is NotTested.BLOCKED
    assert found["S07"].reason.startswith("blocked by S06: typed as 071..., PhoneNumber is ")


@pytest.mark.slow
def test_what_was_credited_is_named_before_what_was_answered() -> None:
    (found,) = run_rules(["F01"], defects=["odd-code-pays"])

    assert found.state is State.FAIL
    assert "credited once" in found.reason
    assert "answered 500" not in found.reason


@pytest.mark.slow
def test_a_shop_whose_database_locks_breaks_that_rule_alone() -> None:
    found = run_rules(["C10", "C11", "C13", "C23", "S06", "D02"], defects=["database-locks"])

    assert [check.rule for check in found if check.state in (State.FAIL, State.WARN)] == ["D02"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "rule", "others"),
    [("believes-slowly", "C07", ("C11", "C25", "U04")), ("no-state", "K02", ("S01", "S15", "T09"))],
)
def test_a_foreign_habit_breaks_its_own_rule_alone(defect: str, rule: str, others: tuple[str, ...]) -> None:
    found = {check.rule: check.state for check in run_rules([rule, *others], defects=[defect])}

    assert found.pop(rule) in CAUGHT
    assert found == dict.fromkeys(others, State.PASS)


@pytest.mark.slow
def test_what_hits_the_newest_payment_runs_alone_so_that_no_other_rule_is_blamed() -> None:
    found = {
        check.rule: check.state for check in run_rules(["C22", "C13", "U04", "Q01"], defects=["visit-fails-newest"])
    }

    assert found == {"C22": State.FAIL, "C13": State.PASS, "U04": State.PASS, "Q01": State.PASS}


@pytest.mark.slow
def test_a_shop_that_asks_only_when_its_page_is_read_can_be_judged() -> None:
    found = {check.rule: check.state for check in run_rules(["Q02", "Q06", "Q12", "Q14"], defects=["asks-when-read"])}

    assert found == {"Q02": State.PASS, "Q06": State.PASS, "Q12": State.NOT_TESTED, "Q14": State.PASS}


@pytest.mark.slow
def test_a_shop_that_pushes_to_one_number_breaks_that_rule_alone() -> None:
    found = run_rules(["S11", "S06", "C13", "Q01", "U05", "S10"], defects=["one-number-for-all"])

    states = {check.rule: check.state for check in found}
    assert states.pop("S11") is State.FAIL
    assert states == {
        "S06": State.NOT_TESTED, "C13": State.PASS, "Q01": State.PASS, "U05": State.PASS, "S10": State.PASS
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["C06", "C07", "C02", "Q01", "Q10", "S10", "T01", "S15", "S18"])
def test_smoke_holds_the_rules_that_integrations_break_most(rule: str) -> None:
    assert "smoke" in catalogue()[rule].suites


def test_each_defect_is_tried_in_one_file() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_mutants_*.py")]
    named = [
        name for text in texts for name in re.findall(r'"(\w+)"', text.partition("mutants_of(")[2].partition(")")[0])
    ]

    assert len(named) == len(set(named))
    assert {mutant.name for mutant in mutants_of(*named)} == {mutant.name for mutant in MUTANTS}


def test_every_rule_has_a_check_and_a_planted_defect() -> None:
    judged = {row.rule.id for row in catalogue().values() if row.family != JUDGED_BY_LOAD}

    assert judged == set(checks())
    assert judged - {rule for mutant in MUTANTS for rule in mutant.rules} == set()
