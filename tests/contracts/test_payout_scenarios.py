"""Scenario files of payouts, reversals and questions, as the gate plays them."""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from mutants import DUKA, MSHAHARA
from tayari_contracts.catalogue.rules import Need
from tayari_contracts.runner.check_run import missing_need
from tayari_contracts.runner.check_runner import CheckRunner
from tayari_contracts.runner.payout_scenarios import stops_payouts
from tayari_contracts.runner.scenario_check import check_of_scenario
from tayari_reports.model import Check, State
from tayari_simulator.scenarios.read import read_scenarios
from tayari_target.resources import scenario_folder
from tayari_target.target_file import load_target
from tayari_target.test_environment import Stage

DOCUMENTS: dict[str, dict[str, Any]] = {row.name: row.to_dict() for row in read_scenarios((scenario_folder(),))[0]}


def judged(names: Iterable[str], *, defect: str = "") -> dict[str, Check]:
    """What the payroll, with this defect, makes of these scenarios."""
    target = load_target(MSHAHARA / "tayari.yaml")
    start = target.merchant.start
    assert start is not None
    env = MappingProxyType({**start.env, "MSHAHARA_DEFECT": defect})
    planned = [check_of_scenario(DOCUMENTS[name]) for name in names]
    found: dict[str, Check] = {}

    def keep(check: Check) -> Check:
        return found.setdefault(check.rule, check)

    with Stage(replace(target, merchant=replace(target.merchant, start=replace(start, env=env)))) as stage:
        runner = CheckRunner((stage,), report=keep)
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
def test_a_payout_that_is_called_failed_too_soon_is_found() -> None:
    check = judged(["payout/queue-timeout"], defect="fails-on-time-out")["payout/queue-timeout"]

    assert check.state is State.FAIL
    assert "the payment is failed" in check.reason


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
        ("payout/success", {Need.PAYOUT, Need.PAYOUT_STATE}),
        ("status/success", {Need.PAYOUT, Need.PAYOUT_STATE}),
        ("balance/success", {Need.PAYOUT, Need.BALANCE}),
        ("reversal/success", {Need.STATE, Need.REFUND, Need.REFUND_STATE}),
        ("payment/success", {Need.STATE}),
    ],
)
def test_a_scenario_names_what_it_needs_of_the_target_file(name: str, needs: set[Need]) -> None:
    planned = check_of_scenario(DOCUMENTS[name])

    assert planned.needs == needs
    unmet = missing_need(planned, load_target((DUKA if Need.PAYOUT in needs else MSHAHARA) / "tayari.yaml"))
    assert unmet is not None
    assert unmet.state is State.NOT_APPLICABLE
