"""Customer rules: the texts of nine codes, judged one by one; and every row of these families."""

import pytest
from tayari_contracts.catalogue.rules import CatalogueRow, catalogue
from tayari_contracts.checks.customer.u01_own_words import judge
from tayari_contracts.checks.registry import checks
from tayari_contracts.context.customer_messages import TOPICS, topics
from tayari_reports.model import Level

FAMILIES = ("callback", "query", "customer")
ROWS = [row for row in catalogue().values() if row.family in FAMILIES]
RAW = "DS timeout user cannot be reached"


@pytest.mark.parametrize("text", [RAW, f"Payment failed: {RAW}.", f"Error 1037 - {RAW}"])
def test_m_pesas_own_words_alone_are_no_message(text: str) -> None:
    assert judge(text, "no_answer", RAW) == [f'the customer reads M-Pesa\'s raw text "{text}"']


def test_own_words_that_fit_are_left_alone() -> None:
    assert judge("We got no answer from your phone. Check the signal and try again.", "no_answer", RAW) == []


def test_a_text_for_another_situation_is_named() -> None:
    found = judge("You cancelled the payment.", "no_answer", RAW)

    assert found == ['"You cancelled the payment." does not say that no answer came from the customer\'s phone']


def test_the_codes_that_customers_meet_have_a_topic_each() -> None:
    assert set(TOPICS) == {1, 17, 1001, 1019, 1025, 1032, 1037, 2001, 8006}
    assert set(TOPICS.values()) <= set(topics())
    assert len(set(TOPICS.values())) == len(TOPICS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule.id)
def test_a_rule_says_what_it_costs_and_how_to_mend_it(row: CatalogueRow) -> None:
    assert row.rule.id in checks()
    assert len(row.rule.why) > 40
    assert len(row.rule.fix) > 40
    assert row.rule.title[0].isupper()
    assert not row.rule.title.endswith(".")
    assert "release" in row.suites


def test_money_rules_cannot_be_waived_and_must_be_met() -> None:
    unwaivable = {row.rule.id for row in ROWS if not row.rule.waivable}

    assert unwaivable == {"C03", "C04", "C07", "Q08", "Q09", "Q14", "R02"}
    assert all(catalogue()[rule_id].rule.level is Level.MUST for rule_id in unwaivable)


def test_smoke_holds_about_a_third_of_these_rules() -> None:
    smoke = {row.rule.id for row in ROWS if "smoke" in row.suites}

    assert {"C03", "C06", "C07", "C10", "C11", "C18", "Q01", "U05"} <= smoke
    assert len(smoke) <= 0.4 * len(ROWS)
