"""A merchant that customers pay by themselves alone (C2B): what is judged of it, and what is not passed in silence."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from mutants import DUKA, MSHAHARA
from tayari_contracts.catalogue.rules import Control, Need, catalogue
from tayari_contracts.checks.c2b import b12_push_and_c2b
from tayari_contracts.checks.c2b.b11_messy_account_number import beginning
from tayari_contracts.checks.c2b.b12_push_and_c2b import require_confirmed_pushes
from tayari_contracts.checks.c2b.b15_pull_pages import asked_back
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.payment import Payment
from tayari_contracts.runner.check_run import PlannedCheck, check_of_rule, missing_need, of_customers
from tayari_contracts.steps.c2b_payments import has_accounts
from tayari_money.payment_record import PaymentState
from tayari_reports.model import State
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import NO_PAY, C2b, CallTemplate, Target
from tayari_target.views import Started, StatusView

MONEY = ("M01", "M02", "M03", "M04", "M05")


def school() -> Target:
    """The sample shop without its checkout: parents pay into accounts."""
    shop = load_target(DUKA / "tayari.yaml")
    merchant = replace(shop.merchant, pay=NO_PAY, status=None, ledger=None, capabilities=frozenset({"c2b"}))
    return replace(shop, merchant=merchant)


def planned(rule: str, target: Target) -> PlannedCheck:
    return of_customers(check_of_rule(catalogue()[rule]), target)


@pytest.mark.parametrize("rule", [*MONEY, "U09", "S19"])
def test_rules_of_payments_are_judged_by_what_customers_pay_in(rule: str) -> None:
    found = planned(rule, school())

    assert found.needs == {Need.C2B, Need.ACCOUNT}
    assert found.controls == {Control.C2B}
    assert missing_need(found, MerchantProfile(school())) is None


@pytest.mark.parametrize("rule", MONEY)
def test_money_that_cannot_be_seen_is_untested_and_names_the_key(rule: str) -> None:
    target = school()
    blind = replace(target, merchant=replace(target.merchant, c2b=C2b()))

    found = missing_need(planned(rule, blind), MerchantProfile(blind))

    assert found is not None
    assert (found.state, found.enable) == (State.NOT_TESTED, "merchant.c2b.account")


@pytest.mark.parametrize("rule", ["C03", "M06", "M08"])
def test_other_rules_stay_as_they_are(rule: str) -> None:
    found = missing_need(planned(rule, school()), MerchantProfile(school()))

    assert planned(rule, school()) == check_of_rule(catalogue()[rule])
    assert found is not None
    assert found.state is State.NOT_APPLICABLE


@pytest.mark.parametrize("folder", [DUKA, MSHAHARA])
def test_a_merchant_with_payments_of_its_own_and_one_without_customers_keep_their_rules(folder: Any) -> None:
    target = load_target(folder / "tayari.yaml")

    assert [planned(rule, target) for rule in MONEY] == [check_of_rule(catalogue()[rule]) for rule in MONEY]


@pytest.mark.parametrize(
    ("capabilities", "state"), [({"c2b", "top_up"}, State.NOT_APPLICABLE), ({"c2b"}, State.NOT_TESTED)]
)
def test_a_wallet_into_which_any_amount_is_paid_has_nothing_due(capabilities: set[str], state: State) -> None:
    target = school()
    assert target.merchant.c2b is not None
    assert target.merchant.c2b.open_account is not None
    without_amount = replace(target.merchant.c2b.open_account, call=CallTemplate(method="POST", path="/members"))
    c2b = replace(target.merchant.c2b, open_account=without_amount)
    wallet = replace(target, merchant=replace(target.merchant, c2b=c2b, capabilities=frozenset(capabilities)))

    found = missing_need(planned("B13", wallet), MerchantProfile(wallet))

    assert found is not None
    assert found.state is state
    assert "top_up" in found.reason


def query(start: str, end: str) -> dict[str, Any]:
    return {"request": {"body": f'{{"StartDate": "{start}", "EndDate": "{end}"}}'}}


@pytest.mark.parametrize(
    ("queries", "notes"),
    [
        ([query("2026-11-27 13:00:00", "2026-11-29 12:00:00")], ["a query asked for 47 hours"]),
        (
            [query("2026-11-29 11:00:00", "2026-11-29 12:00:00"), query("2026-11-22 12:00:00", "2026-11-29 12:00:00")],
            ["a query asked for 168 hours, of which M-Pesa gives the last 48"],
        ),
        ([query("yesterday", "today")], []),
        ([], []),
    ],
)
def test_the_hours_that_a_merchant_pulls_are_reported(queries: list[dict[str, Any]], notes: list[str]) -> None:
    assert asked_back(queries) == notes


@pytest.mark.parametrize(
    ("registered", "ends"),
    [({"600611"}, "Inapplicable"), ({"600611", "5512345"}, "passes"), ({"600611", "5512340"}, "passes")],
)
def test_b12_is_for_pushes_to_a_short_code_with_c2b_urls(registered: set[str], ends: str) -> None:
    found: Any = SimpleNamespace(
        run=SimpleNamespace(registering=nullcontext()),
        control=SimpleNamespace(c2b_urls=lambda code: {"confirmation": "http://a"} if code in registered else None),
        target=SimpleNamespace(c2b_short_code="600611", daraja=SimpleNamespace(till="5512345", short_code="5512340")),
    )

    assert ending(require_confirmed_pushes, found) == ends


def context_of(c2b: C2b, **parts: Any) -> Any:
    shop = school()
    notes: list[str] = []
    return SimpleNamespace(
        target=replace(shop, merchant=replace(shop.merchant, c2b=c2b)), evidence=SimpleNamespace(notes=notes), **parts
    )


@pytest.mark.parametrize(
    ("number", "typed"), [("D93F1", "D93F"), ("12", None), ("7", None), ("HOUSE-12", None), ("HOUSE-", None)]
)
def test_the_beginning_of_an_account_number_is_no_other_account_of_the_run(number: str, typed: str | None) -> None:
    """Its payment would be a credit too many there, for another rule."""
    context = context_of(C2b(accounts=("HOUSE-1", "HOUSE-12")), run=SimpleNamespace(accounts={"1", "12"}))

    assert beginning(context, number) == typed
    assert bool(context.evidence.notes) is (typed is None)


@pytest.mark.parametrize(("listed", "is_enough"), [(("A",), False), (("A", "B"), True)])
def test_a_rule_that_needs_more_accounts_than_are_listed_names_the_key(
    listed: tuple[str, ...], is_enough: bool
) -> None:
    context = context_of(C2b(accounts=listed))

    assert has_accounts(context, 2, "a newer payment") is is_enough
    assert [("merchant.c2b.accounts" in note) for note in context.evidence.notes] == ([] if is_enough else [True])


@pytest.mark.parametrize(("of_m_pesa", "ends"), [("C2B00012", "passes"), ("paid", "Failed")])
def test_a_payment_by_hand_is_looked_for_only_if_it_was_made(
    of_m_pesa: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A validation may rightly reject the reference of an order, which is no account."""
    push = Payment(
        msisdn="254711000111", amount=5, reference="T1", since=1, began_at=1.0,
        started=Started(accepted=True, status=200, body="", payment_id="p1"),
    )  # fmt: skip
    monkeypatch.setattr(b12_push_and_c2b, "is_unallocated", lambda *_: False)
    shown: Any = CallTemplate(method="GET", path="/unallocated")
    made = [{"id": "UJ7M2P5RTY", "state": "paid" if of_m_pesa == "paid" else "failed"}]
    context = context_of(
        C2b(unallocated=shown),
        actions=SimpleNamespace(pay_accepted=lambda _: push),
        control=SimpleNamespace(play_next=lambda *_, **__: 1, pay_c2b=lambda **_: made[0], payments=lambda **_: made),
        journal=SimpleNamespace(record=lambda _: {"account_reference": "T1"}),
        observations=SimpleNamespace(
            wait=lambda *_, **__: True, status=lambda _: StatusView(state=PaymentState.FAILED)
        ),
        run=SimpleNamespace(leave_out=lambda _: None),
        time=SimpleNamespace(settle_s=0.0, until=lambda look, within_s: look()),
    )

    assert ending(b12_push_and_c2b._expect_payment_by_hand_seen, context) == ends
    assert bool(context.evidence.notes) is (ends == "passes")
