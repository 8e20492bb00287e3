"""Windows on a timeline, and chance: which calls meet a fault."""

from __future__ import annotations

import pytest
from bench_daraja import MSISDN, Bench, scenario_of
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.scenario_reader import read_scenario
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Call


def scenario(fault: str, rest: str = "") -> Scenario:
    return scenario_of(f"scenario: a/b\nabout: x\n{rest}\nfaults: [{{{fault}}}]")


def active(fault: str) -> Bench:
    return Bench(Selector([scenario(fault)], active="a/b"))


def refused(bench: Bench, number: int) -> bool:
    """Whether the push of a fresh phone is refused."""
    return bench.push(msisdn=f"2547{number:08d}").status != 200


def test_an_outage_begins_and_ends_on_the_timeline() -> None:
    bench = active("html: {page: imperva_503, from_s: 10, until_s: 30}")
    seen = []
    for number in range(5):
        seen.append(refused(bench, number))
        bench.advance(9)

    assert seen == [False, False, True, True, False], "at 0, 9, 18, 27 and 36 seconds"


def test_the_timeline_is_one_for_all_payers_and_begins_with_the_first_call() -> None:
    bench = active("html: {page: imperva_503, until_s: 5}")
    bench.advance(100)
    met = [refused(bench, 1)]
    bench.advance(4)
    met.append(refused(bench, 2))
    bench.advance(2)
    met += [refused(bench, 1), refused(bench, 3)]

    assert met == [True, True, False, False]


def test_a_one_shot_has_a_timeline_of_its_own() -> None:
    bench = Bench()
    window = scenario("html: {page: imperva_503, until_s: 5}")
    bench.selector.queue(window, msisdn=MSISDN)
    met = [bench.push().status]
    bench.advance(6)
    met.append(bench.push().status)
    bench.selector.queue(window, msisdn=MSISDN)
    bench.advance(10)
    met.append(bench.push().status)

    assert met == [503, 200, 503]


def test_one_outage_stops_tokens_pushes_and_queries_alike() -> None:
    bench = active('html: {page: imperva_503, from_s: 5, until_s: 9, "on": [oauth, stk_push, stk_query]}')
    bench.push()
    identifier = bench.last_id
    bench.advance(6)

    assert [bench.oauth().status, bench.query(identifier).status, refused(bench, 2)] == [503, 503, True]
    bench.advance(4)
    assert [bench.oauth().status, bench.query(identifier).status, refused(bench, 2)] == [200, 200, False]


def test_a_brown_out_refuses_its_share_and_the_same_one_each_time() -> None:
    def run() -> list[bool]:
        bench = active("gateway_fault: {fault: spike_arrest, probability: 0.3, until_s: 1000}")
        return [refused(bench, number) for number in range(400)]

    assert 80 < sum(run()) < 160
    assert run() == run()


def test_probability_zero_is_never_and_one_is_always() -> None:
    never, always = active("reset: {probability: 0}"), active("reset: {probability: 1, times: always}")

    assert not any(refused(never, number) for number in range(200))
    assert all(refused(always, number) for number in range(200))


def test_chance_on_some_calls_draws_nothing_on_the_others() -> None:
    draws: list[float] = []

    def uniform() -> float:
        draws.append(0.5)
        return 0.5

    (armed,) = scenario("reset: {probability: 0.4, after_calls: 1, times: 1}").behaviour.armed
    met = [armed.applies(Call.STK_PUSH, number, 0.0, uniform) for number in (1, 2, 3)]

    assert (met, len(draws)) == ([False, False, False], 1)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("reset: {probability: 1.5}", "expected a number from 0 (never) to 1 (each time)"),
        ("reset: {probability: true}", "found true; expected a number from 0 (never) to 1 (each time)"),
        ("reset: {from_s: -1}", "expected at least 0"),
        ("reset: {until_s: 0}", "expected a number above 0"),
        ("reset: {from_s: 9, until_s: 3}", "ends at 3, but begins at 9"),
        ("reset: {until_s: 3, times: 2}", "times: counts calls, while from_s and until_s count seconds"),
        ("reset: {until_s: 3, after_calls: 2}", "after_calls: counts calls, while from_s and until_s count seconds"),
        ("before_ack: {probability: 0.5}", "changes the scenario itself: it has no window and no probability"),
        ('drop: {"on": [callback, oauth]}', "drop cannot be put on oauth; it goes on bill_payment_push"),
    ],
)
def test_impossible_windows_and_probabilities_are_reported(fault: str, problem: str) -> None:
    read, problems = read_scenario(f"scenario: a/b\nabout: x\nfaults: [{{{fault}}}]", file="b.yaml")

    assert read is None
    assert [problem in str(found) and str(found).startswith("b.yaml:3: ") for found in problems] == [True]
