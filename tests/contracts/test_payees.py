"""Whom the suites pay, and by which call."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.run_record import SHORT_CODES, Allocation
from tayari_contracts.steps.payees import new_payee, no_payee, queue_payout
from tayari_contracts.steps.payouts import payout_situation

FAILS_AND_PAYS = payout_situation(
    "inline/late", outcome={"result_code": 2040, "after_s": 1}, then=[{"result_code": 0, "after_s": 2}]
)


def context_of(*, pays_businesses: bool, queued: list[tuple[Any, str]] | None = None) -> CheckContext:
    payout = SimpleNamespace(pays_businesses=pays_businesses)
    daraja = SimpleNamespace(short_code="600000", till="600001", organisations=({"short_code": "600002"},))

    def play_next(scenario: Any, *, msisdn: str, times: int) -> int:
        assert times == 1
        cast("list[Any]", queued).append((scenario, msisdn))
        return len(cast("list[Any]", queued))

    target = SimpleNamespace(merchant=SimpleNamespace(payout=payout), daraja=daraja)
    given = SimpleNamespace(target=target, allocation=Allocation(), control=SimpleNamespace(play_next=play_next))
    return cast("CheckContext", given)


def test_the_merchant_itself_is_paid_by_no_suite_and_nobody_twice() -> None:
    context = context_of(pays_businesses=True)
    paid = [new_payee(context) for _ in range(SHORT_CODES - 3)]

    assert len(set(paid)) == len(paid)
    assert {code[:3] for code in paid} == {"600"}
    assert not {"600000", "600001", "600002"} & set(paid)
    assert new_payee(context_of(pays_businesses=False)).startswith("25471")


def test_a_payout_to_a_person_plays_its_scenario_by_either_call() -> None:
    queued: list[tuple[Any, str]] = []
    context = context_of(pays_businesses=False, queued=queued)

    assert queue_payout(context, "payout/queue-timeout", "254711000111") == 2
    queue_payout(context, FAILS_AND_PAYS, "254711000111")

    assert [name for name, _ in queued[:2]] == ["pochi/queue-timeout", "payout/queue-timeout"]
    assert [played["when"] for played, _ in queued[2:]] == [{"endpoint": "b2pochi"}, {"endpoint": "b2c"}]
    assert queued[3] == (FAILS_AND_PAYS, "254711000111")
    assert no_payee(context) == 2040


@pytest.mark.parametrize(
    ("name", "expected"),
    [("payout/queue-timeout", "b2b/queue-timeout"), ("payout/operator-missing", "b2b/receiver-invalid")],
)
def test_a_payment_to_an_organisation_plays_the_same_as_b2b(name: str, expected: str) -> None:
    queued: list[tuple[Any, str]] = []
    context = context_of(pays_businesses=True, queued=queued)

    assert queue_payout(context, name, "600123") == 1
    queue_payout(context, FAILS_AND_PAYS, "600123")

    (named, _), (inline, payee) = queued
    assert (named, payee) == (expected, "600123")
    assert inline["when"] == {"endpoint": "b2b"}
    assert inline["outcome"]["result_code"] == no_payee(context) == "SFC_IC0003"
    assert inline["then"] == FAILS_AND_PAYS["then"]
