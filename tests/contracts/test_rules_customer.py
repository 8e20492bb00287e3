"""Customer rules: the texts of nine codes, judged one by one; and every row of these families."""

from dataclasses import replace

import pytest
from mutants import DUKA
from tayari_contracts.catalogue.rules import CatalogueRow, catalogue
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.checks.customer.u01_own_words import judge
from tayari_contracts.checks.customer.u08_raw_acknowledgement import RAW as RAW_ACKNOWLEDGEMENT
from tayari_contracts.checks.customer.u09_markup_as_text import ATTRIBUTE, MARKUP, unescaped
from tayari_contracts.checks.customer.u10_others_orders import counts_up
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.message_topics import TOPICS, topics
from tayari_contracts.runner.check_run import check_of_rule, missing_need
from tayari_reports.model import Level, State
from tayari_target.target_file import load_target

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
    unwaivable = {row.rule.id for row in catalogue().values() if not row.rule.waivable}

    credited_twice = {"A01", "B07", "B12", "C03", "C04", "M01", "P25", "Q08", "Q09", "Q14", "R02", "S21"}
    believed = {"B18", "C07", "M02", "M07", "P21"}
    paid_out_twice = {"M06", "M08", "P17", "P19", "P24"}
    assert unwaivable - {"K01", "T10"} == credited_twice | believed | paid_out_twice
    assert all(catalogue()[rule_id].rule.level is Level.MUST for rule_id in unwaivable)


@pytest.mark.parametrize("rule", ["U04", "U10"])
@pytest.mark.parametrize(("named", "state"), [((), State.NOT_TESTED), (("no_pages",), State.NOT_APPLICABLE)])
def test_a_merchant_without_pages_says_so(rule: str, named: tuple[str, ...], state: State) -> None:
    shop = load_target(DUKA / "tayari.yaml")
    assert shop.merchant.status is not None
    bot = replace(
        shop.merchant,
        status=replace(shop.merchant.status, call=None),
        capabilities=shop.merchant.capabilities | set(named),
    )
    planned = check_of_rule(catalogue()[rule])

    found = missing_need(planned, MerchantProfile(replace(shop, merchant=bot)))

    assert missing_need(planned, MerchantProfile(shop)) is None
    assert found is not None
    assert (found.state, "no_pages" in found.reason) == (state, True)


def test_smoke_holds_about_a_third_of_these_rules() -> None:
    smoke = {row.rule.id for row in ROWS if "smoke" in row.suites}

    assert {"C03", "C06", "C07", "C10", "C11", "C18", "Q01", "U05"} <= smoke
    assert len(smoke) <= 0.4 * len(ROWS)


@pytest.mark.parametrize(
    "text",
    [
        "Success. CheckoutRequestID ws_CO_291120261806430555",
        "Checkout Request ID: 2911, response code: 0",
        '{"ResponseCode": "0"}',
        "Request accepted: {'responseCode': 0}",
        "merchant_request_id 29115-34620561-1",
    ],
)
def test_an_acknowledgement_is_raw_however_its_fields_are_spelt(text: str) -> None:
    assert RAW_ACKNOWLEDGEMENT.search(text)


@pytest.mark.parametrize(
    "text", ["Check out your phone and enter your PIN.", "We sent your request; the code is on it."]
)
def test_words_for_a_customer_are_no_acknowledgement(text: str) -> None:
    assert not RAW_ACKNOWLEDGEMENT.search(text)


@pytest.mark.parametrize(
    "page",
    [
        f"<p>Order {MARKUP}</p>",
        f"<p>Order {MARKUP.upper()}</p>",
        f"<script>var order = '{MARKUP}'</script>",
        f'<input value="T1{ATTRIBUTE}">',
        f'<input value="T1{ATTRIBUTE}&lt;">',
        f'{{"reference": "{MARKUP}"}}',
    ],
)
def test_what_ends_an_attribute_or_begins_an_element_is_not_escaped(page: str) -> None:
    assert unescaped(page)


@pytest.mark.parametrize(
    "page",
    [
        "<p>Order &lt;i data-tayari=1&gt;</p>",
        f"<p>Order T1{ATTRIBUTE}</p>",
        '<input value="T1&quot; data-tayari=&quot;1">',
        '{"reference": "\\u003ci data-tayari=1>"}',
        "<![broken",
    ],
)
def test_what_a_browser_shows_as_text_is_escaped(page: str) -> None:
    assert not unescaped(page)


NOW_S = 1_795_974_000.0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1001", "1002"),
        ("DK-0099", "DK-0100"),
        ("ORD-20261129-00012", "ORD-20261129-00013"),
        ("2026112900000007", "2026112900000009"),
        ("b4af", "b4b0"),
        ("Pz9x", "Pz9y"),
        ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"),
        ("1795974000123", "1795974001777"),
        ("order-1795974000", "order-1795974400"),
    ],
)
def test_an_id_that_leads_to_the_next_one_counts_up(first: str, second: str) -> None:
    assert counts_up(first, second, now_s=NOW_S)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("b3e1f0aa17c94d0d8e6a0f4f6f2f9b11", "0f4f6f2f9b11b3e1f0aa17c94d0d8e6a"),
        ("6e0a7c1e-0f9b-4a53-9a4e-0a4b1c2d3e4f", "6e0a7c1e-1f9b-4b53-8a4e-9a4b1c2d3e4f"),
        ("100-9f2c1e7a0b3d4c5e", "101-0b3d4c5e9f2c1e7a"),
        ("ws_CO_291120261822503715556989", "ws_CO_291120261822514715556990"),
        ("665f1a2b3c4d5e6f7a000001", "665f1a2b3c4d5e6f7a000002"),
        ("1001", "1001"),
        ("1001", "5002"),
    ],
)
def test_an_id_with_a_part_made_by_chance_leads_nowhere(first: str, second: str) -> None:
    assert not counts_up(first, second, now_s=NOW_S)
