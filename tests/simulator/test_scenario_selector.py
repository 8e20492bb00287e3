"""Which scenario a call plays."""

from __future__ import annotations

from random import random

import pytest
from bench_daraja import MSISDN, scenario_of
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.selector import Misplaced, Selector, UnknownScenario
from tayari_simulator.state.behaviour import Call, Play

OTHER = "254799999999"


def scenario(name: str, rest: str = "") -> Scenario:
    return scenario_of(f"scenario: a/{name}\nabout: x\n{rest}")


def chosen(selector: Selector, *, msisdn: str = MSISDN, amount: int = 100, reference: str = "R") -> str | None:
    play = selector.for_transaction(Call.STK_PUSH, msisdn=msisdn, amount=amount, reference=reference)
    return play.behaviour.name if play else None


def pushed(selector: Selector, *, msisdn: str = MSISDN) -> str | None:
    """The name chosen for a push that is accepted."""
    name = chosen(selector, msisdn=msisdn)
    selector.accepted(Call.STK_PUSH, msisdn)
    return name


def test_nothing_loaded_is_the_plain_default() -> None:
    assert chosen(Selector()) is None
    assert Selector().for_endpoint(Call.OAUTH) is None


def test_a_scenario_without_magic_plays_only_when_asked_for() -> None:
    assert chosen(Selector([scenario("plain")])) is None


def test_the_more_specific_choice_wins() -> None:
    selector = Selector(
        [
            scenario("active"),
            scenario("reference", "when: {reference: R}"),
            scenario("amount", "when: {amount: 100}"),
            scenario("msisdn", f"when: {{msisdn: {MSISDN}}}"),
        ],
        active="a/active",
    )
    selector.queue(scenario("endpoint"), endpoint=Call.STK_PUSH)
    selector.queue(scenario("queued"), msisdn=MSISDN)

    assert [pushed(selector) for _ in range(3)] == ["a/queued", "a/endpoint", "a/msisdn"]
    assert chosen(selector, msisdn=OTHER) == "a/amount"
    assert chosen(selector, msisdn=OTHER, amount=5) == "a/reference"
    assert chosen(selector, msisdn=OTHER, amount=5, reference="S") == "a/active"


def test_all_conditions_of_a_scenario_must_hold() -> None:
    selector = Selector([scenario("both", f"when: {{msisdn: {MSISDN}, amount: 7}}")])

    assert chosen(selector, amount=8) is None
    assert chosen(selector, amount=7) == "a/both"


def test_from_call_waits_for_the_nth_push_of_the_msisdn() -> None:
    selector = Selector(
        [scenario("third", "when: {amount: 100, from_call: 3}"), scenario("first", "when: {amount: 100}")]
    )

    assert [pushed(selector) for _ in range(4)] == ["a/first", "a/first", "a/third", "a/third"]
    assert pushed(selector, msisdn=OTHER) == "a/first"


def test_a_queued_from_call_counts_from_the_queueing() -> None:
    selector = Selector()
    selector.queue(scenario("second", "when: {from_call: 2}"), msisdn=MSISDN)

    assert [pushed(selector) for _ in range(3)] == [None, "a/second", None]


def test_a_one_shot_stays_at_work_until_a_push_is_accepted() -> None:
    selector = Selector()
    selector.queue(scenario("shot"), msisdn=MSISDN)
    refused = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R")
    accepted = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R")
    selector.accepted(Call.STK_PUSH, MSISDN)

    assert refused is accepted is not None
    assert chosen(selector) is None


def test_times_queues_as_many_payments_each_with_its_own_play() -> None:
    selector = Selector()
    selector.queue(scenario("shot"), msisdn=MSISDN, times=2)
    plays: list[Play | None] = []
    for _ in range(3):
        plays.append(selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R"))
        selector.accepted(Call.STK_PUSH, MSISDN)

    assert plays[0] is not plays[1]
    assert [play is None for play in plays] == [False, False, True]


def test_one_shots_of_an_endpoint_go_to_whoever_comes_first() -> None:
    selector = Selector()
    selector.queue(scenario("shot"), endpoint=Call.STK_PUSH)

    assert chosen(selector, msisdn=OTHER) == "a/shot"
    assert chosen(selector, msisdn=MSISDN) is None
    assert pushed(selector, msisdn=OTHER) == "a/shot"
    assert selector.queued == 0


def test_a_magic_scenario_that_refuses_keeps_its_count_over_the_refused_pushes() -> None:
    selector = Selector([scenario("busy", "when: {amount: 100}\nfaults: [{reset: {times: 2}}]")])
    first = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=100, reference="R")

    assert selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=100, reference="R") is first
    assert selector.for_transaction(Call.STK_PUSH, msisdn=OTHER, amount=100, reference="R") is not first
    selector.accepted(Call.STK_PUSH, MSISDN)
    assert selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=100, reference="R") is not first


def test_a_one_shot_of_oauth_lasts_until_its_faults_are_through() -> None:
    selector = Selector()
    selector.queue(
        scenario("lost", "when: {endpoint: oauth}\nfaults: [{reset: {times: 2, after_calls: 1}}]"),
        endpoint=Call.OAUTH,
    )
    met = []
    for _ in range(4):
        play = selector.for_endpoint(Call.OAUTH)
        met.append(0 if play is None else len(play.met(Call.OAUTH, 0.0, random)))

    assert met == [0, 1, 1, 0]
    assert selector.queued == 0


def test_from_call_of_an_endpoint_skips_its_first_calls() -> None:
    selector = Selector()
    selector.queue(scenario("late", "when: {endpoint: oauth, from_call: 3}\nfaults: [reset]"), endpoint=Call.OAUTH)
    met = []
    while (play := selector.for_endpoint(Call.OAUTH)) is not None:
        met.append(len(play.met(Call.OAUTH, 0.0, random)))

    assert met == [0, 0, 1]


def test_reset_forgets_what_was_queued_and_returns_to_the_first_active() -> None:
    selector = Selector([scenario("one"), scenario("two")], active="a/one")
    selector.queue(scenario("shot"), msisdn=MSISDN)
    selector.activate("a/two")
    selector.reset()

    assert chosen(selector) == "a/one"
    assert selector.queued == 0


def test_a_scenario_loaded_again_plays_in_its_new_form() -> None:
    selector = Selector([scenario("one")], active="a/one")
    selector.load(scenario("one", "outcome: {result_code: 1}"))
    play = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="R")

    assert play is not None
    assert play.behaviour.steps[0].result_code == 1


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownScenario, match=r'no scenario "a/won" is loaded; did you mean a/one\?'):
        Selector([scenario("one")]).activate("a/won")


def test_a_scenario_that_could_never_play_is_not_queued() -> None:
    selector = Selector()
    token = scenario("token", "when: {endpoint: oauth}")

    with pytest.raises(Misplaced, match="is for oauth calls, which have no MSISDN"):
        selector.queue(token, msisdn=MSISDN)
    with pytest.raises(Misplaced, match="queue it with endpoint: oauth"):
        selector.queue(token, endpoint=Call.STK_PUSH)
    with pytest.raises(Misplaced, match="exactly one of msisdn and endpoint"):
        selector.queue(scenario("one"))
    with pytest.raises(Misplaced, match="are of a phone; found 600992; expected 12 digits"):
        selector.queue(scenario("one"), msisdn="600992")
    assert selector.queued == 0
