"""Scenario files of payouts, reversals, questions and payments by customers, as the gate plays them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from mutants import DUKA, MSHAHARA, SUPPLIERS
from shipped_scenarios import SHIPPED
from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.runner.check_run import check_of_rule, missing_need
from tayari_contracts.runner.check_runner import CheckRunner
from tayari_contracts.runner.scenario_check import applying, check_of_scenario, money_check
from tayari_contracts.runner.scenario_kinds import stops_payouts
from tayari_money.daraja_records import confirmed_amount
from tayari_reports.model import Check, State
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

DOCUMENTS: dict[str, dict[str, Any]] = {row.name: row.to_dict() for row in SHIPPED}


def judged(
    names: Iterable[str],
    *,
    rules: Iterable[str] = (),
    defect: str = "",
    shop: bool = False,
    file: Path = MSHAHARA / "tayari.yaml",
) -> dict[str, Check]:
    """What the payroll, or the shop, with this defect, makes of these scenarios, and of these money rules."""
    target = load_target(DUKA / "tayari.yaml" if shop else file)
    start = target.merchant.start
    assert start is not None
    env = MappingProxyType({**start.env, "DUKA_DEFECTS" if shop else "MSHAHARA_DEFECT": defect})
    planned = [check_of_scenario(DOCUMENTS[name]) for name in names]
    planned += [money_check(check_of_rule(catalogue()[rule]), target) for rule in rules]
    found: dict[str, Check] = {}

    def keep(check: Check) -> Check:
        return found.setdefault(check.rule, check)

    with TestEnvironment(
        replace(target, merchant=replace(target.merchant, start=replace(start, env=env)))
    ) as environment:
        runner = CheckRunner((environment,), report=keep)
        runner.start(planned)
        for row in planned:
            runner.result(row.rule.id)
    return found


@pytest.mark.slow
def test_a_good_payroll_does_what_the_scenarios_expect() -> None:
    names = ["payout/success", "payout/recipient-unregistered", "payout/queue-timeout", "status/says-failed"]
    found = judged([*names, "balance/success", "reversal/success", "payment/success"])

    assert {found[name].state for name in (*names, "balance/success")} == {State.PASS}, found
    assert found["reversal/success"].state is State.NOT_APPLICABLE
    assert found["payment/success"].state is State.NOT_APPLICABLE


@pytest.mark.slow
def test_scenarios_of_payments_to_organisations_are_those_of_a_merchant_that_makes_them() -> None:
    names = ["b2b/success", "b2b/ack-lost", "b2b/receiver-invalid", "b2b/result-never-comes", "b2b/gateway-timeout"]
    found = judged([*names, "payout/success"], file=SUPPLIERS)

    assert {found[name].state for name in names} == {State.PASS}, found
    assert found["payout/success"].state is State.NOT_APPLICABLE
    assert judged(["b2b/success", "payout/success"])["b2b/success"].state is State.NOT_APPLICABLE


@pytest.mark.slow
def test_a_payout_that_is_called_failed_too_soon_is_found() -> None:
    check = judged(["payout/queue-timeout"], rules=["M09"], defect="fails-on-time-out")["M09"]

    assert check.state is State.FAIL
    assert "became failed on a queue time-out" in check.reason


@pytest.mark.slow
def test_a_good_shop_does_what_the_scenarios_of_customers_payments_expect() -> None:
    paid = ["success", "confirmation-twice", "forged", "amount-with-comma", "keys-reordered", "ack-lost"]
    not_paid = ["unknown-reference", "other-short-code", "insufficient-funds", "rejected-account"]
    registered = ["register-already-registered", "register-soap-fault"]
    names = [f"c2b/{name}" for name in (*paid, *not_paid, *registered)]

    found = judged([*names, "c2b/simulate-busy"], shop=True)

    assert {found[name].state for name in names} == {State.PASS}, found
    assert found["c2b/simulate-busy"].state is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("name", "defect", "reason"),
    [
        ("c2b/confirmation-twice", "c2b-credits-each-message", "the customer was credited twice; expected once"),
        ("c2b/without-names", "c2b-greets-by-name", "answered 500"),
    ],
)
def test_a_shop_that_is_wrong_about_customers_payments_is_found(name: str, defect: str, reason: str) -> None:
    check = judged([name], defect=defect, shop=True)[name]

    assert check.state is State.FAIL
    assert reason in check.reason


def test_a_gate_in_which_nothing_applies_has_tested_nothing() -> None:
    payroll = load_target(MSHAHARA / "tayari.yaml")
    customers, payout = (check_of_scenario(DOCUMENTS[name]) for name in ("c2b/success", "payout/success"))

    (alone,) = applying([customers], payroll)
    beside, _ = applying([customers, payout], payroll)

    untested, left_out = (missing_need(one, MerchantProfile(payroll)) for one in (alone, beside))
    assert untested is not None
    assert (untested.state, untested.enable) == (State.NOT_TESTED, "merchant.c2b")
    assert "declares no c2b capability" in untested.reason
    assert left_out is not None
    assert left_out.state is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("file", "name", "enable", "instead"),
    [
        ("suppliers.yaml", "pochi/success", "merchant.payout.request with {msisdn}", "b2b/*"),
        ("tayari.yaml", "b2b/success", "merchant.payout.request with {party_b}", "payout/* and pochi/*"),
    ],
)
def test_a_gate_of_payouts_to_others_says_whom_the_merchant_pays_and_what_to_name(
    file: str, name: str, enable: str, instead: str
) -> None:
    payroll = load_target(MSHAHARA / file)
    (alone,) = applying([check_of_scenario(DOCUMENTS[name])], payroll)

    untested = missing_need(alone, MerchantProfile(payroll))

    assert untested is not None
    assert (untested.state, untested.enable) == (State.NOT_TESTED, enable)
    assert untested.reason.endswith(f"the scenarios of those are {instead}")


@pytest.mark.parametrize(("written", "amount"), [("1,000.00", 1000), ("500", 500), (None, None)])
def test_a_customer_pays_the_amount_in_the_scenarios_confirmation(written: str | None, amount: int | None) -> None:
    faults = [{"mutate": {"set": {"TransAmount": written}}}] if written else [{"mutate": {"drop": ["FirstName"]}}]

    assert confirmed_amount({"faults": faults}) == amount


@pytest.mark.parametrize(
    ("name", "stops"),
    [
        ("payout/initiator-invalid", True),
        ("payout/credential-locked", True),
        ("payout/not-enabled", True),
        ("payout/success", False),
        ("payout/insufficient-funds", False),
    ],
)
def test_what_stops_all_payouts_runs_alone(name: str, stops: bool) -> None:
    assert stops_payouts(DOCUMENTS[name]) is stops
    assert check_of_scenario(DOCUMENTS[name]).exclusive is stops


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("payout/success", {Need.PAYOUT, Need.PERSONS, Need.PAYOUT_STATE}),
        ("b2b/success", {Need.PAYOUT, Need.ORGANISATIONS, Need.PAYOUT_STATE}),
        ("status/success", {Need.PAYOUT, Need.PAYOUT_STATE}),
        ("balance/success", {Need.PAYOUT, Need.BALANCE}),
        ("reversal/success", {Need.STATE, Need.REFUND, Need.REFUND_STATE}),
        ("payment/success", {Need.STATE}),
        ("c2b/success", {Need.C2B, Need.ACCOUNT}),
        ("c2b/register-busy", {Need.C2B, Need.ACCOUNT}),
    ],
)
def test_a_scenario_names_what_it_needs_of_the_target_file(name: str, needs: set[Need]) -> None:
    planned = check_of_scenario(DOCUMENTS[name])

    assert planned.needs == needs
    target = load_target((DUKA if Need.PAYOUT in needs else MSHAHARA) / "tayari.yaml")
    unmet = missing_need(planned, MerchantProfile(target))
    assert unmet is not None
    assert unmet.state is State.NOT_APPLICABLE
