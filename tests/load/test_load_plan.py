"""What a run is asked to do: options, mix, shapes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from shape_graphs import graph, written
from tayari_load.plan import LoadPlan, PlanError, check_payable, kind_of, kinds, parse_mix, unconfirmed_c2b
from tayari_load.shapes import SHAPES, Shape
from tayari_load.users.load_customers import Customers
from tayari_money.payment_record import PaymentKind
from tayari_target.target_file.target_model import (
    C2b,
    CallTemplate,
    CreditSource,
    Merchant,
    OpenAccount,
    Pay,
    Payout,
    StatusSource,
)
from tayari_target.test_environment import TestEnvironment

DOCUMENT = Path(__file__).parents[2] / "docs" / "load.md"


def options(**given: Any) -> SimpleNamespace:
    usual = {
        "rate": None, "num_users": None, "in_flight": None, "shape": "", "mix": "", "run_time": None,
        "abort_after": None, "find_limit": False,
    }  # fmt: skip
    return SimpleNamespace(**{**usual, **given})


def test_without_a_rate_the_model_is_closed_with_one_it_is_open() -> None:
    assert not LoadPlan.read(options()).open
    assert LoadPlan.read(options(rate=12.5)).open
    assert LoadPlan.read(options(find_limit=True)).rate == 1.0


def test_a_plan_survives_the_way_to_a_worker() -> None:
    plan = LoadPlan.read(options(rate=3, shape="spike", mix="success=9,cancelled=1", run_time=30))

    assert LoadPlan(**json.loads(json.dumps(asdict(plan)))) == plan


REFUSED = [
    ({"shape": "tsunami"}, "expected one of steady, ramp"),
    ({"rate": -1}, "above 0"),
    ({"rate": "fast"}, "expected arrivals per second"),
    ({"shape": "callback-storm"}, "add --rate"),
    ({"mix": "success"}, "expected name=weight"),
    ({"mix": "success=1,success=2"}, "is there twice"),
    ({"mix": "success=-3"}, "weight above 0"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_makes_no_sense_is_refused_with_what_would(given: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        LoadPlan.read(options(**given))


def test_the_same_seed_draws_the_same_customers_in_the_asked_proportions() -> None:
    mix = parse_mix("success=90,insufficient-funds=8,callbacks/late=2")
    one, again = (Customers(seed=5, worker=1, mix=mix) for _ in range(2))
    drawn = [one.order().scenario for _ in range(2_000)]

    assert drawn == [again.order().scenario for _ in range(2_000)]
    counts = Counter(drawn)
    assert set(counts) == {"", "payment/insufficient-funds", "callbacks/late"}
    assert counts["payment/insufficient-funds"] == pytest.approx(160, rel=0.3)


PAYS = Merchant(name="shop", base_url="", pay=Pay(call=CallTemplate(method="POST", path="/pay")))
PAYS_OUT = Merchant(name="payroll", base_url="", payout=Payout(call=CallTemplate(method="POST", path="/payouts")))
BOTH = replace(PAYS, payout=PAYS_OUT.payout)
ACCOUNTS = C2b(
    open_account=OpenAccount(call=CallTemplate(method="POST", path="/accounts"), account="$.account"),
    account=CreditSource(way=StatusSource(), credits="$.payments"),
)
TAKES_IN = Merchant(name="school", base_url="", c2b=ACCOUNTS)
ALL = replace(BOTH, c2b=ACCOUNTS)
STK, PAYOUT, C2B = PaymentKind.STK_PAYMENT, PaymentKind.PAYOUT, PaymentKind.C2B_PAYMENT


@pytest.mark.parametrize(
    ("merchant", "mix", "shape", "moved"),
    [
        (PAYS, "", "salary-morning", {STK}),
        (PAYS_OUT, "", "", {PAYOUT}),
        (BOTH, "", "", {STK}),
        (BOTH, "", "salary-morning", {PAYOUT}),
        (BOTH, "success=9,payout/success=1", "salary-morning", {STK, PAYOUT}),
        (TAKES_IN, "", "", {C2B}),
        (TAKES_IN, "", "salary-morning", {C2B}),
        (ALL, "", "", {STK}),
        (ALL, "", "school-fees-day", {C2B}),
        (PAYS, "", "school-fees-day", {STK}),
        (ALL, "success=8,payout/success=1,c2b/success=1", "", {STK, PAYOUT, C2B}),
    ],
)
def test_a_load_moves_the_money_that_mix_shape_and_merchant_name(
    merchant: Merchant, mix: str, shape: str, moved: set[PaymentKind]
) -> None:
    assert kinds(parse_mix(mix), shape, merchant) == moved


@pytest.mark.parametrize(
    ("merchant", "mix"),
    [
        (PAYS, "payout/success=1"),
        (PAYS_OUT, "success=1"),
        (PAYS, "c2b/success=1"),
        (replace(PAYS, c2b=C2b(account=ACCOUNTS.account)), "c2b/success=1"),
    ],
)
def test_a_mix_that_the_target_file_cannot_play_is_refused(merchant: Merchant, mix: str) -> None:
    with pytest.raises(PlanError, match="the target file has no merchant"):
        kinds(parse_mix(mix), "", merchant)


@pytest.mark.parametrize(
    ("scenario", "found"),
    [
        ({"when": {"endpoint": "c2b_register"}}, "is about c2b_register"),
        ({"when": {"endpoint": "c2b"}, "faults": [{"forge": {"id": "unknown"}}]}, "no stranger knows that"),
        ({"when": {"endpoint": "c2b"}, "faults": [{"api_error": {"error": "500"}}]}, "is about the answer to a call"),
    ],
)
def test_customers_who_pay_in_play_what_can_become_of_their_payments(scenario: dict[str, Any], found: str) -> None:
    check_payable("c2b/one", {"when": {"endpoint": "c2b"}, "faults": [{"duplicate": {"count": 2}}]})
    with pytest.raises(PlanError, match=found):
        check_payable("c2b/one", scenario)


def test_a_load_of_payments_in_needs_registered_urls() -> None:
    def test_environment(urls: dict[str, str] | None) -> TestEnvironment:
        return cast(
            TestEnvironment, SimpleNamespace(c2b_urls=lambda: urls, target=SimpleNamespace(c2b_short_code="600984"))
        )

    assert unconfirmed_c2b({STK, PAYOUT}, test_environment(None)) == ""
    assert unconfirmed_c2b({C2B}, test_environment({"confirmation": "https://shop.example/told"})) == ""
    assert "customers would pay 600984 (C2B)" in unconfirmed_c2b({STK, C2B}, test_environment(None))


def test_payments_and_payouts_are_mixed() -> None:
    customers = Customers(seed=5, mix=parse_mix("success=50,payout/success=40,payout/receiver-full=10"))
    drawn = Counter((order.kind, order.scenario) for order in (customers.order() for _ in range(1_000)))

    assert set(drawn) == {(STK, ""), (PAYOUT, ""), (PAYOUT, "payout/receiver-full")}
    assert Customers(seed=5, usual=C2B).order().kind is C2B
    assert kind_of("c2b/confirmation-twice") is C2B


@pytest.mark.parametrize("row", SHAPES.values(), ids=lambda row: row.name)
def test_every_shape_stays_within_bounds_and_ends(row: Shape) -> None:
    levels = [row.level_at(at, 100.0) for at in range(121)]

    assert all(0 <= level <= 3.0 for level in levels)
    assert 0.5 <= max(levels) == pytest.approx(row.highest, rel=0.15)
    assert all(0 <= begin < end <= 100 for begin, end in row.windows(100.0))


def test_every_shape_is_documented_with_its_graph() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    assert written(text) == text, "python tests/load/shape_graphs.py --write docs/load.md"
    assert all(f"`{name}`" in text for name in SHAPES)


def test_a_graph_shows_the_level_and_the_trouble() -> None:
    assert graph(SHAPES["outage"], width=10, height=2).splitlines() == [
        " 2.0 ┤     ██",
        "     │██████████",
        " 0.0 ┴──────────",
        "         xx       outage",
    ]


def test_an_outage_lasts_a_minute_and_a_fifth_of_shorter_runs() -> None:
    assert SHAPES["outage"].windows(600.0) == ((180.0, 240.0),)
    assert SHAPES["outage"].windows(100.0) == ((30.0, 50.0),)


def test_the_open_rate_follows_the_shape_and_the_closed_users_too() -> None:
    plan = LoadPlan(rate=10.0, shape="spike", duration_s=100.0)

    assert [plan.rate_at(at) for at in (10, 50, 90)] == [2.0, 10.0, 2.0]
    assert [plan.users_at(at, 50) for at in (10, 50, 90)] == [10, 50, 10]
    plan = LoadPlan(shape="outage", duration_s=100.0)

    assert plan.disturbed(40.0, 41.0)
    assert plan.disturbed(29.0, 45.0), "begun before, and under way when the trouble began"
    assert not plan.disturbed(60.0, 61.0)
    assert not plan.disturbed(20.0, 29.0)
