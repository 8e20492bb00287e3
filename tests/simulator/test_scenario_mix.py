"""The seeded mix: what it accepts, and that it draws as its weights and its seed say."""

from __future__ import annotations

from collections import Counter

import pytest
from bench_daraja import MSISDN, Bench, scenario_of
from tayari_simulator.scenarios.mix import BadMix, make_mix, parse_mix
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.selector import Misplaced, Selector
from tayari_simulator.state.behaviour import Call


def scenario(name: str, rest: str = "") -> Scenario:
    return scenario_of(f"scenario: {name}\nabout: x\n{rest}")


LOADED = [
    scenario("payment/success"),
    scenario("payment/timeout", "outcome: {result_code: 1037}"),
    scenario("ack/late"),
    scenario("callbacks/late"),
    scenario("ack/only-here"),
    scenario("token/rejected", "when: {endpoint: oauth}"),
]
KNOWN = {row.name: row for row in LOADED}


def drawn(selector: Selector, number: int) -> list[str]:
    met = []
    for place in range(number):
        play = selector.for_transaction(Call.STK_PUSH, msisdn=f"2547{place:08d}", amount=100, reference="R")
        met.append(play.behaviour.name if play else "")
    return met


def test_weights_are_what_happens_in_the_long_run() -> None:
    counted = Counter(drawn(Selector(LOADED, mix={"success": 92, "timeout": 8}), 5000))

    assert 4450 < counted["payment/success"] < 4750
    assert counted["payment/success"] + counted["payment/timeout"] == 5000


def test_one_seed_draws_the_same_and_another_draws_otherwise() -> None:
    mix = {"success": 1.0, "timeout": 1.0}
    first = drawn(Selector(LOADED, mix=mix, seed=5), 100)

    assert first == drawn(Selector(LOADED, mix=mix, seed=5), 100)
    assert first != drawn(Selector(LOADED, mix=mix, seed=6), 100)


def test_a_reset_begins_the_draws_anew_with_the_mix_of_the_start() -> None:
    selector = Selector(LOADED, mix={"success": 1, "timeout": 1})
    first = drawn(selector, 50)
    selector.blend({"timeout": 1})
    assert set(drawn(selector, 10)) == {"payment/timeout"}
    selector.reset()

    assert drawn(selector, 50) == first


def test_weight_zero_is_never() -> None:
    selector = Selector(LOADED, mix={"success": 0, "timeout": 1})

    assert set(drawn(selector, 200)) == {"payment/timeout"}
    assert selector.mix == {"payment/timeout": 1}


def test_the_mix_is_stronger_than_the_active_scenario_and_weaker_than_a_reference() -> None:
    loaded = [*LOADED, scenario("payment/named", "when: {reference: INV7}")]
    selector = Selector(loaded, active="ack/late", mix={"timeout": 1})

    assert drawn(selector, 1) == ["payment/timeout"]
    named = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="INV7")
    assert named is not None
    assert named.behaviour.name == "payment/named"
    selector.blend(None)
    assert drawn(selector, 1) == ["ack/late"]


def test_a_refused_push_is_sent_again_to_the_same_scenario() -> None:
    busy = scenario("service/busy", "faults: [{api_error: {error: 500.003.02.system_busy, times: 2}}]")
    bench = Bench(Selector([busy, *LOADED], mix={"service/busy": 1, "success": 1}, seed=3))
    for number in range(40):
        msisdn = f"2547{number:08d}"
        replies = [bench.push(msisdn=msisdn).status]
        while replies[-1] != 200:
            replies.append(bench.push(msisdn=msisdn).status)
        assert replies in ([200], [500, 500, 200])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", '"" is not NAME=WEIGHT'),
        ("success", '"success" is not NAME=WEIGHT'),
        ("success=many", '"success=many" is not NAME=WEIGHT'),
        ("success=-1", '"success=-1" is not NAME=WEIGHT'),
        ("success=1,success=2", '"success" is there twice'),
        ("succes=1", 'no scenario "succes" is loaded; did you mean success?'),
        ("late=1", '"late" is ack/late and callbacks/late; give the folder too'),
        ("token/rejected=1", "token/rejected is for oauth calls; a mix is of payments"),
        ("success=0,timeout=0", "all weights are 0"),
        ("success=1,payment/success=2", "payment/success is there twice, under two spellings"),
        ("success=inf", "the weight of success is inf"),
        ("success=nan", "the weight of success is nan"),
    ],
)
def test_a_mix_that_cannot_be_drawn_from_is_reported(text: str, problem: str) -> None:
    with pytest.raises(BadMix) as refusal:
        make_mix(parse_mix(text), KNOWN)

    assert problem in str(refusal.value)


def test_a_name_of_one_folder_needs_no_folder() -> None:
    assert make_mix(parse_mix("only-here=1"), KNOWN).to_dict() == {"ack/only-here": 1}


def test_a_newer_scenario_takes_its_place_in_the_mix() -> None:
    selector = Selector(LOADED, mix={"timeout": 1})
    selector.load(scenario("payment/timeout", "outcome: {result_code: 1}"))
    play = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R")

    assert play is not None
    assert play.behaviour.steps[0].result_code == 1
    selector.reset()
    again = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R")
    assert again is not None
    assert again.behaviour is play.behaviour


def test_what_a_mix_holds_cannot_become_a_scenario_of_tokens() -> None:
    selector = Selector(LOADED, mix={"timeout": 1})
    with pytest.raises(Misplaced, match="the mix holds it: payment/timeout is for oauth calls"):
        selector.load(scenario("payment/timeout", "when: {endpoint: oauth}"))

    assert selector.get("payment/timeout") is LOADED[1]
    assert drawn(selector, 1) == ["payment/timeout"]


def test_a_bad_mix_leaves_the_one_that_there_was() -> None:
    selector = Selector(LOADED, mix={"timeout": 1})
    with pytest.raises(BadMix):
        selector.blend({"nothing": 1})

    assert selector.mix == {"payment/timeout": 1}
