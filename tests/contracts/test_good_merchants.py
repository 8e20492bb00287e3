"""The good merchants of the mutants fail no rule. A file of its own: it runs beside the defects, not after them."""

import pytest
from mood_table import DECLARED, run_mood
from mutants import BUY_GOODS, MSHAHARA, SUPPLIERS, TILL, run_rules
from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_reports.model import State

JUDGED_BY_LOAD = "performance"
OF_PAYOUTS = {row.rule.id for row in catalogue().values() if Need.PAYOUT in row.needs}
"""Not applicable to a shop, as all others are to a payroll."""
OF_PAGES = "U09"
"""Not applicable to a shop that answers data."""


@pytest.mark.slow
def test_the_good_shop_fails_no_rule() -> None:
    found = run_rules(row.rule.id for row in catalogue().values() if row.family != JUDGED_BY_LOAD)

    not_passed = {check.rule: (check.state, check.reason) for check in found if check.state is not State.PASS}
    assert {not_passed.pop(rule_id)[0] for rule_id in (BUY_GOODS, OF_PAGES, *OF_PAYOUTS)} == {State.NOT_APPLICABLE}
    assert not_passed == {}


@pytest.mark.slow
def test_the_good_payroll_fails_no_rule() -> None:
    judged = [row.rule.id for row in catalogue().values() if row.family != JUDGED_BY_LOAD]
    found = run_rules(judged, shop=MSHAHARA)

    states = {check.rule: (check.state, check.reason) for check in found}
    assert {rule: states.pop(rule)[0] for rule in OF_PAYOUTS} == dict.fromkeys(OF_PAYOUTS, State.PASS)
    assert {state for state, _ in states.values()} == {State.NOT_APPLICABLE}


@pytest.mark.slow
def test_the_good_payroll_of_suppliers_fails_no_rule() -> None:
    """It pays organisations (B2B), so a rule about ids or placeholders of B2C is not applicable to it."""
    found = run_rules(sorted(OF_PAYOUTS), shop=SUPPLIERS)

    states = {check.rule: (check.state, check.reason) for check in found}
    of_b2c = {states.pop(rule)[0] for rule in ("P04", "P09", "P14", "P24")}
    assert of_b2c == {State.NOT_APPLICABLE}
    assert {rule: state for rule, state in states.items() if state[0] is not State.PASS} == {}


@pytest.mark.slow
def test_the_good_shop_with_a_till_names_store_and_till() -> None:
    assert [check.state for check in run_rules([BUY_GOODS], till=TILL)] == [State.PASS]


@pytest.mark.slow
def test_a_capability_that_is_left_out_and_shown_by_the_traffic_fails() -> None:
    found = {check.rule: check for check in run_rules(["Q06", "K01"], capabilities=["stk_push"])}

    assert found["Q06"].state is State.NOT_APPLICABLE
    assert found["K01"].state is State.FAIL
    assert "does not name stk_query" in found["K01"].reason
    assert found["K01"].evidence


@pytest.mark.slow
def test_a_merchant_that_takes_no_callbacks_is_judged_by_its_queries() -> None:
    found = run_mood("no-callbacks", ["C03", "C07", "C11", "C25", "Q01", "S18", "K01"])

    states = {rule: check.state for rule, check in found.items()}
    assert {states.pop(rule) for rule in ("C03", "C07")} == {State.NOT_APPLICABLE}
    assert set(states.values()) == {State.PASS}, found


@pytest.mark.slow
def test_no_callbacks_is_no_way_round_the_rules_of_callbacks() -> None:
    (found,) = run_rules(["K01"], defects=["believes-anyone"], capabilities=DECLARED["no-callbacks"])

    assert found.state is State.FAIL
    assert "a callback made a payment paid" in found.reason
